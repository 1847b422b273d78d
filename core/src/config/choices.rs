//! Settings of which the value is one of a few words: the words are the names of the variants.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::words::words;

words!(SegmentRule, FlowScope, ClientKey);

/// The rule that tells requests from each other.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum SegmentRule {
    /// Per flow, in sequence space, by the records of the protocol it carries.
    #[default]
    Flow = 0,
    /// The classic rule: per server address, any uplink TCP packet with payload starts a segment, every downlink
    /// payload byte adds to it, one without downlink payload is dropped.
    Server = 1,
}

/// The key that tells flows apart besides addresses, protocol and ports.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum FlowScope {
    /// Nothing: a flow may have tags in one direction only.
    #[default]
    Addresses = 0,
    /// VLAN tags.
    Vlan = 1,
    /// VLAN tags and the virtual networks of tunnels.
    Tunnel = 2,
}

/// The key that tells clients apart, whose segments are judged together and make sessions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum ClientKey {
    /// Their address.
    #[default]
    Address = 0,
    /// The address of their device on the link, where frames say it.
    Mac = 1,
}
