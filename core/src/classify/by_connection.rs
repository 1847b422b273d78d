//! Places of segments, grouped by connection.

use super::observed::Observed;

/// The connections of a client's segments, numbered from 0.
pub(super) struct ConnectionNumbers {
    /// Flows by number, ascending.
    flows: Vec<u32>,
    /// The connection of each segment, by place.
    of: Vec<usize>,
}

impl ConnectionNumbers {
    pub(super) fn new(segments: &[Observed]) -> Self {
        let mut flows: Vec<u32> = segments.iter().map(|segment| segment.flow).collect();
        // Most came over the same connection as the previous one.
        flows.dedup();
        flows.sort_unstable();
        flows.dedup();
        let place = |segment: &Observed| flows.partition_point(|&flow| flow < segment.flow);
        let of = segments.iter().map(place).collect();
        Self { flows, of }
    }

    /// Returns the connection of a segment.
    pub(super) fn of(&self, place: usize) -> usize {
        self.of[place]
    }

    /// Returns the connection of a flow, if any of its segments are here.
    pub(super) fn find(&self, flow: u32) -> Option<usize> {
        self.flows.binary_search(&flow).ok()
    }

    /// Groups places, which must ascend.
    pub(super) fn divide(&self, places: impl Iterator<Item = usize> + Clone) -> ByConnection {
        let mut begins = vec![0; self.flows.len() + 1];
        for place in places.clone() {
            begins[self.of(place) + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut next = begins.clone();
        let mut divided = vec![0; begins[self.flows.len()]];
        for place in places {
            let next = &mut next[self.of(place)];
            divided[*next] = place;
            *next += 1;
        }
        ByConnection {
            places: divided,
            begins,
        }
    }
}

/// Places, grouped by connection and ascending within each.
pub(super) struct ByConnection {
    places: Vec<usize>,
    /// Start of each connection's places, and the end of all.
    begins: Vec<usize>,
}

impl ByConnection {
    /// Returns the places of a connection.
    pub(super) fn on(&self, connection: usize) -> &[usize] {
        &self.places[self.begins[connection]..self.begins[connection + 1]]
    }

    /// Iterates over all connections that have places, each with these.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[usize])> {
        let connections = 0..self.begins.len() - 1;
        let all = connections.map(|connection| (connection, self.on(connection)));
        all.filter(|(_, places)| !places.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(flow: u32) -> Observed {
        Observed {
            number: 0,
            server: 0,
            flow,
            start: 0,
            end: 0,
            size: 0,
            error: 0,
            shared: false,
            as_audio: false,
        }
    }

    #[test]
    fn places_are_divided_by_connection_in_their_order() {
        let segments = [7, 3, 7, 9, 3, 7].map(over);
        let connections = ConnectionNumbers::new(&segments);
        assert_eq!(
            [7, 3, 9, 5].map(|flow| connections.find(flow)),
            [Some(1), Some(0), Some(2), None]
        );
        let all = connections.divide(0..6);
        let found: Vec<(usize, &[usize])> = all.iter().collect();
        assert_eq!(found, [(0, &[1, 4][..]), (1, &[0, 2, 5]), (2, &[3])]);
        let some = connections.divide([2, 3].into_iter());
        let found: Vec<(usize, &[usize])> = some.iter().collect();
        assert_eq!(found, [(1, &[2][..]), (2, &[3])]);
        assert_eq!(some.on(0), [0; 0]);
    }

    #[test]
    fn nothing_is_divided_into_nothing() {
        let none = ConnectionNumbers::new(&[]);
        assert_eq!(none.divide(0..0).iter().count(), 0);
    }
}
