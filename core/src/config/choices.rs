//! Settings whose value is one of a few words: the names of the variants.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::words::words;

words!(SegmentRule, FlowScope, ClientKey);

/// The rule that separates requests from each other.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum SegmentRule {
    /// Per flow, in sequence space, by the records of the flow's protocol.
    #[default]
    Flow = 0,
    /// The classic rule, per server address: any uplink TCP packet with payload starts a segment,
    /// every downlink payload byte is added to it, and a segment without downlink payload is
    /// dropped.
    Server = 1,
}

/// The key that separates flows, besides addresses, protocol and ports.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum FlowScope {
    /// Nothing else: a flow may have tags in one direction only.
    #[default]
    Addresses = 0,
    /// VLAN tags.
    Vlan = 1,
    /// VLAN tags and the virtual networks of tunnels.
    Tunnel = 2,
}

/// The key that separates clients. A client's segments are judged together and form its sessions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames,
)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum ClientKey {
    /// The client's address.
    #[default]
    Address = 0,
    /// The link-layer address of the client's device, if frames contain it.
    Mac = 1,
}
