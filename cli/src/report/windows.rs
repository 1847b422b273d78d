//! A model's answers for windows, as the page shows them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use nflx_core::Time;
use nflx_core::features::Row;
use nflx_core::quality::model::Refusal;

use crate::rows::Said;

/// Spans that are kept; windows beside each other with the same label are one.
const MAX_SPANS: usize = 2_000;
/// Clients that have a row.
const MAX_LANES: usize = 6;

/// Windows that follow each other and have the same answer.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) from: Time,
    pub(super) to: Time,
    /// Label or value; empty where the model does not answer.
    pub(super) text: String,
    /// Place of the label among all, in their order; `None` where there is no answer.
    pub(super) rank: Option<usize>,
}

/// One client's windows.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) client: IpAddr,
    pub(super) spans: Vec<Span>,
}

/// Answers of a model.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) model: String,
    lanes: Vec<Lane>,
    spans: usize,
    /// Number of windows by answer.
    pub(super) counts: BTreeMap<String, u64>,
    /// Number of windows by reason for a missing answer.
    pub(super) reasons: BTreeMap<String, u64>,
    /// Windows that are not drawn.
    pub(super) left_out: u64,
}

impl Answers {
    pub(super) fn new(model: String) -> Self {
        Self {
            model,
            ..Self::default()
        }
    }

    /// Takes a window; those of a client come in order.
    pub(super) fn add(&mut self, row: &Row, said: &Said<'_>) {
        let answer = &said.answer;
        let value = || answer.value.map(|value| format!("{value:.3}"));
        let text = answer.label.map(str::to_owned).or_else(value);
        match &text {
            Some(text) => *self.counts.entry(text.clone()).or_default() += 1,
            None => {
                *self
                    .reasons
                    .entry(without_numbers(answer.reason))
                    .or_default() += 1
            }
        }
        let text = text.unwrap_or_default();
        let Some(lane) = self.lane(row.client) else {
            self.left_out += 1;
            return;
        };
        let last = self.lanes[lane].spans.last_mut();
        if let Some(last) = last.filter(|last| last.text == text && last.to == row.start) {
            last.to = row.end;
        } else if self.spans < MAX_SPANS {
            self.spans += 1;
            self.lanes[lane].spans.push(Span {
                from: row.start,
                to: row.end,
                text,
                rank: None,
            });
        } else {
            self.left_out += 1;
        }
    }

    fn lane(&mut self, client: IpAddr) -> Option<usize> {
        let found = self.lanes.iter().position(|lane| lane.client == client);
        if found.is_none() && self.lanes.len() < MAX_LANES {
            self.lanes.push(Lane {
                client,
                spans: Vec::new(),
            });
            return Some(self.lanes.len() - 1);
        }
        found
    }

    /// Returns the rows, and how many labels there are. Labels that are numbers stand in the order
    /// of these.
    pub(super) fn lanes(&self) -> (Vec<Lane>, usize) {
        let mut labels: Vec<&String> = self.counts.keys().collect();
        let number = |label: &str| label.parse::<f64>().ok();
        labels.sort_by(|a, b| match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.cmp(b),
        });
        let mut lanes = self.lanes.clone();
        for span in lanes.iter_mut().flat_map(|lane| &mut lane.spans) {
            span.rank = labels.iter().position(|label| **label == span.text);
        }
        (lanes, labels.len())
    }
}

/// Returns a reason as it is counted: numbers would make each its own.
fn without_numbers(reason: Option<Refusal>) -> String {
    match reason {
        None => "no reason".to_owned(),
        Some(Refusal::OutOfRange { column, .. }) => {
            format!("{column} lies outside the values seen in training")
        }
        Some(Refusal::TooFewSegments { wanted, .. }) => {
            format!("fewer than {wanted} segments have completed")
        }
        Some(reason) => reason.to_string(),
    }
}
