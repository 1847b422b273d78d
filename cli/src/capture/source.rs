//! Where the bytes of a capture come from, and how to get them a second time.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::damage::Unreadable;
use crate::progress::Progress;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Compressed bytes are read in pieces of this size.
const GZIP_BUFFER: usize = 256 * 1024;

/// A capture that can be read more than once.
pub(crate) struct Source {
    input: Input,
    size: Option<u64>,
}

enum Input {
    /// A regular file: read again from where it began.
    File { file: File, start: u64 },
    /// A pipe: what the first pass reads is kept in a temporary file without a name.
    Pipe { pipe: Box<dyn Read>, spool: File },
    /// A pipe that has been read.
    Spooled(File),
}

/// The bytes of one pass, decompressed.
pub(crate) struct Pass<'a> {
    /// The stream.
    pub(crate) bytes: Box<dyn Read + 'a>,
    /// Whether offsets in it are offsets after decompression.
    pub(crate) compressed: bool,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, Unreadable> {
        let opened = if path.as_os_str() == "-" {
            open_stdin()
        } else {
            File::open(path).and_then(|file| {
                let metadata = file.metadata()?;
                let kind = metadata.file_type();
                if kind.is_file() || kind.is_dir() {
                    Self::from_file(file, 0)
                } else {
                    Self::from_pipe(Box::new(file))
                }
            })
        };
        let source = opened.map_err(Unreadable::from_open_error)?;
        match &source.input {
            Input::File { file, .. } if file.metadata().is_ok_and(|metadata| metadata.is_dir()) => {
                Err(Unreadable::Directory)
            }
            _ => Ok(source),
        }
    }

    fn from_file(file: File, start: u64) -> io::Result<Self> {
        let size = file.metadata()?.len().saturating_sub(start);
        Ok(Self {
            input: Input::File { file, start },
            size: Some(size),
        })
    }

    fn from_pipe(pipe: Box<dyn Read>) -> io::Result<Self> {
        Ok(Self {
            input: Input::Pipe {
                pipe,
                spool: tempfile::tempfile()?,
            },
            size: None,
        })
    }

    /// Bytes of one pass before decompression, where known.
    pub(crate) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// The bytes from the start. Only the first pass over a pipe reads the pipe.
    pub(crate) fn pass<'a>(&'a mut self, progress: &'a Progress) -> Result<Pass<'a>, Unreadable> {
        let raw: Box<dyn Read + 'a> = match &mut self.input {
            Input::File { file, start } => {
                file.seek(SeekFrom::Start(*start)).map_err(Unreadable::Io)?;
                Box::new(file)
            }
            Input::Pipe { pipe, spool } => Box::new(Tee { pipe, spool }),
            Input::Spooled(spool) => {
                spool.rewind().map_err(Unreadable::Io)?;
                Box::new(spool)
            }
        };
        decompressed(Metered {
            inner: raw,
            progress,
        })
    }

    /// Makes the next pass read what the first one read.
    pub(crate) fn rewind(&mut self) -> io::Result<()> {
        if let Input::Pipe { spool, .. } = &self.input {
            let spool = spool.try_clone()?;
            self.size = Some(spool.metadata()?.len());
            self.input = Input::Spooled(spool);
        }
        Ok(())
    }
}

/// Standard input. A regular file behind it is read again without a copy, from where it stood.
#[cfg(unix)]
fn open_stdin() -> io::Result<Source> {
    use std::os::fd::AsFd;
    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if file.metadata()?.is_file() {
        let start = file.stream_position()?;
        Source::from_file(file, start)
    } else {
        Source::from_pipe(Box::new(file))
    }
}

#[cfg(not(unix))]
fn open_stdin() -> io::Result<Source> {
    Source::from_pipe(Box::new(io::stdin()))
}

/// Decompresses what begins like gzip, whatever its name; several members in a row are one stream.
pub(super) fn decompressed<'a>(mut raw: impl Read + 'a) -> Result<Pass<'a>, Unreadable> {
    let mut head = Vec::with_capacity(GZIP_MAGIC.len());
    raw.by_ref()
        .take(GZIP_MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(Unreadable::Io)?;
    let compressed = head == GZIP_MAGIC;
    let raw = Cursor::new(head).chain(raw);
    let bytes: Box<dyn Read + 'a> = if compressed {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            GZIP_BUFFER,
            raw,
        )))
    } else {
        Box::new(raw)
    };
    Ok(Pass { bytes, compressed })
}

/// Keeps a copy of all that is read.
struct Tee<'a> {
    pipe: &'a mut dyn Read,
    spool: &'a mut File,
}

impl Read for Tee<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.pipe.read(into)?;
        self.spool.write_all(&into[..count]).map_err(|error| {
            let place = std::env::temp_dir();
            io::Error::new(
                error.kind(),
                format!(
                    "no copy of the pipe can be kept in {}: {error}",
                    place.display()
                ),
            )
        })?;
        Ok(count)
    }
}

/// Tells the progress bar what is read.
struct Metered<'a, R> {
    inner: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.progress.is_stopped() {
            return Err(io::Error::other("the run has ended"));
        }
        let count = self.inner.read(into)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("to memory");
        encoder.finish().expect("to memory")
    }

    fn read(source: &mut Source) -> Vec<u8> {
        let progress = Progress::none();
        let mut bytes = Vec::new();
        source
            .pass(&progress)
            .expect("a pass")
            .bytes
            .read_to_end(&mut bytes)
            .expect("to memory");
        bytes
    }

    #[test]
    fn gzip_members_are_one_stream() {
        let stream = [gzip(b"first "), gzip(b"second")].concat();
        let mut bytes = String::new();
        let mut pass = decompressed(&stream[..]).expect("a pass");
        pass.bytes.read_to_string(&mut bytes).expect("whole");
        assert!(pass.compressed);
        assert_eq!(bytes, "first second");
    }

    #[test]
    fn streams_shorter_than_a_magic() {
        for stream in [&b""[..], b"\x1f"] {
            let mut bytes = Vec::new();
            decompressed(stream)
                .expect("a pass")
                .bytes
                .read_to_end(&mut bytes)
                .expect("whole");
            assert_eq!(bytes, stream);
        }
    }

    #[test]
    fn a_pipe_is_read_once_and_given_twice() {
        let stream = gzip(b"packets");
        let mut source = Source::from_pipe(Box::new(Cursor::new(stream))).expect("a spool");
        assert_eq!(source.size(), None);
        assert_eq!(read(&mut source), b"packets");
        source.rewind().expect("a spool");
        assert_eq!(read(&mut source), b"packets");
        assert!(source.size().is_some());
    }

    #[test]
    fn a_file_is_read_from_where_it_stood() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"skipped packets").expect("written");
        let mut source = Source::from_file(file, 8).expect("a source");
        assert_eq!(source.size(), Some(7));
        assert_eq!(read(&mut source), b"packets");
        source.rewind().expect("nothing to do");
        assert_eq!(read(&mut source), b"packets");
    }
}
