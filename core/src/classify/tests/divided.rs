//! Responses that were divided, and what they were taken for.

use super::*;

#[test]
fn audio_that_was_never_alone_is_told_by_what_it_was_taken_for() {
    let mut truth = Player::default().session();
    for (seen, kind) in &mut truth {
        if *kind == Kind::Audio {
            seen.shared = true;
            seen.error = 2 * seen.size;
        }
    }
    assert!(right(&truth, Site::Media) < 0.6);
    for (seen, kind) in &mut truth {
        seen.as_audio = *kind == Kind::Audio;
    }
    assert_eq!(right(&truth, Site::Media), 1.0);
}
