//! The files of a capture, by frame.

use nflx_core::Time;

/// Maps frames of a capture to files and to numbers within them.
pub(crate) struct Frames(pub(crate) Vec<File>);

/// A file of a capture.
pub(crate) struct File {
    pub(crate) name: String,
    /// Number of frames in the files before it.
    pub(crate) frames_before: u64,
    /// Time of the first packet.
    pub(crate) start: Option<Time>,
}

impl Frames {
    /// Creates the map of a capture with a single file.
    pub(crate) fn of_one(name: &str) -> Self {
        Self(vec![File {
            name: name.to_owned(),
            frames_before: 0,
            start: None,
        }])
    }

    /// Returns the file of a frame numbered through all files, and its number within the file.
    pub(crate) fn locate(&self, frame: u64) -> (&str, u64) {
        let at = self.0.partition_point(|file| file.frames_before < frame);
        match self.0.get(at.saturating_sub(1)) {
            Some(file) => (&file.name, frame - file.frames_before.min(frame)),
            None => ("", frame),
        }
    }

    /// Returns the number of a frame within its file.
    pub(crate) fn within(&self, frame: u64) -> u64 {
        self.locate(frame).1
    }

    /// Returns the file that was being written at `time`.
    pub(crate) fn at(&self, time: Time) -> &str {
        let written = self
            .0
            .iter()
            .rfind(|file| file.start.is_some_and(|start| start <= time));
        written
            .or(self.0.first())
            .map_or("", |file| file.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_their_files() {
        let file = |name: &str, frames_before, start: Option<i64>| File {
            name: name.to_owned(),
            frames_before,
            start: start.map(Time),
        };
        // The second file has no packet.
        let frames = Frames(vec![
            file("a", 0, Some(10)),
            file("b", 3, None),
            file("c", 3, Some(20)),
        ]);
        for (frame, expected) in [(1, ("a", 1)), (3, ("a", 3)), (4, ("c", 1)), (9, ("c", 6))] {
            assert_eq!(frames.locate(frame), expected);
        }
        for (time, expected) in [(5, "a"), (10, "a"), (19, "a"), (20, "c"), (99, "c")] {
            assert_eq!(frames.at(Time(time)), expected);
        }
    }
}
