//! Sentences about a capture as a whole, in particular about packets that were not read.

use nflx_core::{Stats, Unfollowed};

/// Number of packets out of order that may have other reasons, such as a capture's loss.
const FEW_DISORDERED: u64 = 2;

/// Returns a sentence for each thing that the user should know.
pub(crate) fn sentences(stats: &Stats, unfollowed: &Unfollowed) -> Vec<String> {
    let mut sentences = Vec::new();
    let all = stats.packets;
    for (header, packets) in unfollowed.headers() {
        sentences.push(format!(
            "{packets} of {all} packets are {}, which is {}: nothing inside them could be read",
            header.name(),
            header.reason()
        ));
    }
    if stats.duplicates > 0 {
        sentences.push(format!(
            "{} of {all} packets are copies of others, as from a mirror of both directions or from both sides of a router; \
             each was counted once (editcap -d IN OUT removes copies that are equal in every byte)",
            stats.duplicates
        ));
    }
    if stats.scopes_mixed > 0 {
        sentences.push(format!(
            "{} packets alternate between several VLANs or tunnels with the same addresses and ports; if these belong to \
             different customers, separate them with --set flow_key=vlan or flow_key=tunnel",
            stats.scopes_mixed
        ));
    }
    if stats.answers_first > 0 {
        sentences.push(format!(
            "in {} handshakes the answer comes before the question, because the clocks of two taps differ: packets were read in \
             the order of their sequence numbers, and times of requests may be off by half of a round trip",
            stats.answers_first
        ));
    }
    // Clocks that step in the order of the file, and connections that are mixed, have sentences of
    // their own.
    if stats.disordered > FEW_DISORDERED && stats.clock_steps + stats.scopes_mixed == 0 {
        sentences.push(format!(
            "{} packets are out of order by more than a network changes it, as where a clock stepped back and packets were then \
             sorted by time (reordercap, mergecap): sizes and times around them may be wrong; use captures in the order in which \
             they were written",
            stats.disordered
        ));
    }
    if stats.further_paths > 0 {
        sentences.push(format!(
            "{} connections are paths of others (Multipath TCP) whose beginning was not captured: they are not \
             joined, so responses that came over several paths are partial",
            stats.further_paths
        ));
    }
    if stats.untimed > 0 {
        sentences.push(format!(
            "{} of {all} packets have no time (0): that of the packet before each was taken, so times may be off",
            stats.untimed
        ));
    }
    if stats.clock_steps > 0 {
        let times = if stats.clock_steps == 1 {
            "once".to_owned()
        } else {
            format!("{} times", stats.clock_steps)
        };
        sentences.push(format!(
            "the capture's clock steps back {times}: sizes do not depend on it, and times that it contradicts are null \
             (if the order is wrong and not the clock, reordercap IN OUT sorts packets by time)"
        ));
    }
    sentences
}

/// Returns a sentence about responses whose times contradict their requests', unless a sentence
/// about the clock covers them.
pub(crate) fn contradicted_times(stats: &Stats, responses: usize) -> Option<String> {
    let is_covered = stats.clock_steps > 0 || stats.answers_first > 0;
    (responses > 0 && !is_covered).then(|| {
        format!(
            "{responses} responses have times before those of their requests, so the two directions have clocks that differ: \
             sizes do not depend on it, and times that it contradicts are null"
        )
    })
}

/// Returns a sentence about responses with a leap of the clock in them, unless one about its steps
/// covers them.
pub(crate) fn leaps(stats: &Stats, responses: usize) -> Option<String> {
    (responses > 0 && stats.clock_steps == 0).then(|| {
        format!(
            "in {responses} responses times leap ahead, as where the capture's clock was set or a computer slept: sizes do \
             not depend on it, and times that it contradicts are null"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_its_sentence_and_a_plain_capture_none() {
        assert!(sentences(&Stats::default(), &Unfollowed::default()).is_empty());
        let mut stats = Stats::default();
        (stats.packets, stats.duplicates) = (10, 5);
        (stats.scopes_mixed, stats.clock_steps) = (4, 1);
        stats.answers_first = 3;
        let said = sentences(&stats, &Unfollowed::default());
        assert!(
            said[0].starts_with("5 of 10 packets are copies") && said[0].contains("editcap -d")
        );
        assert!(said[1].starts_with("4 packets") && said[1].contains("flow_key=vlan"));
        assert!(said[2].starts_with("in 3 handshakes the answer comes before the question"));
        assert!(said[3].starts_with("the capture's clock steps back once"));
        let mut stats = Stats::default();
        (stats.packets, stats.untimed) = (10, 1);
        let said = sentences(&stats, &Unfollowed::default());
        assert!(said[0].starts_with("1 of 10 packets have no time"));
        let mut stats = Stats::default();
        (stats.clock_steps, stats.further_paths) = (2, 7);
        let said = sentences(&stats, &Unfollowed::default());
        assert!(said[0].starts_with("7 connections are paths"));
        assert!(said[1].contains("steps back 2 times"));
    }

    #[test]
    fn packets_out_of_order_are_said_where_nothing_else_explains_them() {
        let is_said = |stats: &Stats| {
            let said = sentences(stats, &Unfollowed::default());
            said.iter().any(|said| said.contains("sorted by time"))
        };
        let mut stats = Stats::default();
        stats.disordered = FEW_DISORDERED;
        assert!(!is_said(&stats));
        stats.disordered += 1;
        assert!(is_said(&stats));
        stats.scopes_mixed = 1;
        assert!(!is_said(&stats));
        (stats.scopes_mixed, stats.clock_steps) = (0, 1);
        assert!(!is_said(&stats));
    }

    #[test]
    fn leaps_within_responses_have_a_sentence_unless_steps_have_one() {
        let mut stats = Stats::default();
        assert_eq!(leaps(&stats, 0), None);
        let said = leaps(&stats, 1);
        assert!(said.is_some_and(|said| said.starts_with("in 1 responses times leap ahead")));
        stats.clock_steps = 1;
        assert_eq!(leaps(&stats, 1), None);
    }

    #[test]
    fn contradicted_times_have_a_sentence_unless_the_clock_has_one() {
        let mut stats = Stats::default();
        assert_eq!(contradicted_times(&stats, 0), None);
        let said = contradicted_times(&stats, 2);
        assert!(said.is_some_and(|said| said.starts_with("2 responses have times before")));
        stats.clock_steps = 1;
        assert_eq!(contradicted_times(&stats, 2), None);
        (stats.clock_steps, stats.answers_first) = (0, 1);
        assert_eq!(contradicted_times(&stats, 2), None);
    }
}
