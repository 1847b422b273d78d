//! Flows and addresses: who talked to whom, and which end is Netflix.

pub(crate) mod copies;
pub(crate) mod key;
pub(crate) mod paths;
pub(crate) mod registry;
pub(crate) mod scopes;
pub(crate) mod site;
pub(crate) mod special_purpose;
pub(crate) mod translation;
pub(crate) mod viewers;
