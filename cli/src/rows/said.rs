//! A model's answer about a window, with its reason in words.

use nflx_core::quality::model::Answer;

/// An answer, with its reason in words.
#[derive(Default)]
pub(crate) struct Said<'a> {
    pub(crate) answer: Answer<'a>,
    pub(crate) reason: Option<String>,
}

impl<'a> From<Answer<'a>> for Said<'a> {
    fn from(answer: Answer<'a>) -> Self {
        let reason = answer.reason.map(|reason| reason.to_string());
        Self { answer, reason }
    }
}
