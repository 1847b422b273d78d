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
