//! Windows as they close, with a model's answers.

use std::io;
use std::sync::Arc;

use nflx_core::features;
use nflx_core::quality::PlaybackColumns;
use nflx_core::quality::model::{Model, Scratch};
use nflx_core::{Annotation, Engine, Packet};

use super::rows::{About, Live};
use crate::args::Run;
use crate::output::Writer;
use crate::rows::{
    FeatureRow, Features, ModelledFeatures, ModelledPlayedFeatures, PlayedFeatures, Quality, Rows,
    Said,
};

/// Windows that are open, or wait for their time.
pub(crate) struct Windows {
    live: features::Live,
    model: Option<Arc<Model>>,
    scratch: Scratch,
}

impl Windows {
    fn new(engine: &Engine, run: &Run) -> Self {
        Self {
            live: features::Live::new(engine.config(), run.as_known.unwrap_or(0)),
            model: run.model.clone(),
            scratch: Scratch::default(),
        }
    }

    /// Writes the rows that become due with a packet, or at the end.
    fn bring<T>(
        &mut self,
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, T>,
    ) -> io::Result<u64>
    where
        T: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
    {
        // Nobody needs segments here.
        while engine.next_settled().is_some() {}
        match packet {
            Some((packet, said)) => self.live.packet(packet, said.as_ref(), engine),
            None => self.live.finish(engine),
        }
        let mut rows = 0;
        while let Some(mut row) = self.live.next_row(engine) {
            PlaybackColumns::fill_live(&mut row, engine);
            let model = self.model.as_deref();
            let answer = model.map(|model| model.answer(&row, row.is_complete, &mut self.scratch));
            writer.row(&FeatureRow {
                capture: about.capture,
                start: about.start,
                row: &row,
                said: &answer.map(Said::from).unwrap_or_default(),
            })?;
            rows += 1;
        }
        if rows > 0 {
            writer.flush()?;
        }
        Ok(rows)
    }
}

/// Implements live rows for windows.
macro_rules! live {
    ($($rows:ident)*) => {
        $(impl Live for $rows {
            type State = Windows;

            fn begin(engine: &Engine, run: &Run) -> Windows {
                Windows::new(engine, run)
            }

            fn stats(state: &Windows) -> features::WindowStats {
                state.live.stats()
            }

            fn bring(
                state: &mut Windows,
                engine: &mut Engine,
                packet: Option<(&Packet<'_>, Option<Annotation>)>,
                about: &About<'_>,
                writer: &mut Writer<'_, Self>,
            ) -> io::Result<u64> {
                state.bring(engine, packet, about, writer)
            }
        })*
    };
}

live! { Features PlayedFeatures ModelledFeatures ModelledPlayedFeatures Quality }
