//! The level of a full buffer after a seek: both sides.

use super::*;

#[test]
fn three_waits_tell_and_five_are_looked_at() {
    assert_eq!(middle(&[20.0, 20.0]), None);
    assert_eq!(middle(&[20.0, 26.0, 20.5]), Some(20.5));
    assert_eq!(middle(&[20.0, 20.5, 21.0, 30.0, 30.0]), Some(21.0));
    assert_eq!(
        middle(&[20.0, 20.5, 21.0, 30.0, 30.0, 10.0, 10.0]),
        Some(21.0)
    );
}
