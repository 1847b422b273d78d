use super::*;

#[test]
fn parts_add_up() {
    for total in 0..50 {
        for sharers in 1..7 {
            assert_eq!(
                (0..sharers)
                    .map(|at| share(total, at, sharers))
                    .sum::<u64>(),
                total
            );
        }
    }
}

#[test]
fn varints_have_the_lengths_of_rfc_9000_section_16() {
    let lengths = [
        (63, 1),
        (64, 2),
        (16_383, 2),
        (16_384, 4),
        (1_073_741_823, 4),
        (1_073_741_824, 8),
    ];
    for (value, length) in lengths {
        assert_eq!(varint_len(value), length);
    }
}

/// Returns true if a server is taken to pad, after responses of these sizes that ended so.
fn pads(ends: &[(u64, bool)]) -> bool {
    let mut responses = Responses::default();
    for &(size, full) in ends {
        responses.note_end(size, full, &Config::default());
    }
    responses.pads()
}

#[test]
fn both_sides_of_what_says_that_a_server_pads() {
    let [a, b, c, d] = [100_000, 200_000, 300_000, 400_000];
    assert!(!pads(&[(a, true), (b, true)]));
    assert!(pads(&[(a, true), (b, true), (c, true)]));
    assert!(pads(&[(a, true), (b, true), (c, false), (d, false)]));
    assert!(!pads(&[(a, true), (b, false), (c, false)]));
}

#[test]
fn responses_of_one_size_count_once() {
    // Two in a hundred apart, and less.
    assert!(pads(&[(100_000, true), (102_050, true), (104_150, true)]));
    assert!(!pads(&[(100_000, true), (102_000, true), (104_150, true)]));
    assert!(!pads(&[(16_600, true); 9]));
    // Behind four others they count again.
    let with = |others: u64| {
        let mut responses = Responses::default();
        responses.note_end(16_600, true, &Config::default());
        for at in 1..=others {
            responses.note_end(at * 1_000_000, false, &Config::default());
        }
        responses.note_end(16_600, true, &Config::default());
        responses.full_ends
    };
    assert_eq!((with(3), with(4)), (1, 2));
}
