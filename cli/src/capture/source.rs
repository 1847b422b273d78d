//! The source of a capture's bytes, which can be read a second time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;

use super::damage::Unreadable;
use super::lz4_legacy::{self, LegacyDecoder};
use crate::progress::Progress;

/// Size of reads of compressed bytes.
const COMPRESSED_BUFFER: usize = 256 * 1024;
/// Number of bytes that show how a file is compressed.
const MAGIC: usize = 4;

/// A capture that can be read more than once.
pub(crate) struct Source {
    input: SourceInput,
    size: Option<u64>,
}

enum SourceInput {
    /// A regular file, read again from the same start.
    File { file: File, start: u64 },
    /// A pipe: a temporary file without a name keeps what the first pass reads.
    Pipe { pipe: Box<dyn Read>, spool: File },
    /// A pipe that has been read.
    Spooled(File),
}

/// The bytes of one pass, decompressed.
pub(crate) struct Pass<'a> {
    /// The stream.
    pub(crate) bytes: Box<dyn Read + 'a>,
    /// True if offsets in it are offsets after decompression.
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
            SourceInput::File { file, .. }
                if file.metadata().is_ok_and(|metadata| metadata.is_dir()) =>
            {
                Err(Unreadable::Directory)
            }
            _ => Ok(source),
        }
    }

    fn from_file(file: File, start: u64) -> io::Result<Self> {
        let size = file.metadata()?.len().saturating_sub(start);
        Ok(Self {
            input: SourceInput::File { file, start },
            size: Some(size),
        })
    }

    fn from_pipe(pipe: Box<dyn Read>) -> io::Result<Self> {
        Ok(Self {
            input: SourceInput::Pipe {
                pipe,
                spool: tempfile::tempfile()?,
            },
            size: None,
        })
    }

    /// Returns the bytes of one pass before decompression, if known.
    pub(crate) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns the bytes from the start. Only the first pass over a pipe reads the pipe.
    pub(crate) fn pass<'a>(&'a mut self, progress: &'a Progress) -> Result<Pass<'a>, Unreadable> {
        let raw: Box<dyn Read + 'a> = match &mut self.input {
            SourceInput::File { file, start } => {
                file.seek(SeekFrom::Start(*start)).map_err(Unreadable::Io)?;
                Box::new(file)
            }
            SourceInput::Pipe { pipe, spool } => Box::new(Tee { pipe, spool }),
            SourceInput::Spooled(spool) => {
                spool.rewind().map_err(Unreadable::Io)?;
                Box::new(spool)
            }
        };
        decompressed(Metered {
            inner: raw,
            progress,
        })
    }

    /// Returns the bytes from the start, of a file that is not read again through this source.
    pub(crate) fn into_pass(self, progress: &Progress) -> Result<Pass<'_>, Unreadable> {
        let raw: Box<dyn Read> = match self.input {
            SourceInput::File { mut file, start } => {
                file.seek(SeekFrom::Start(start)).map_err(Unreadable::Io)?;
                Box::new(file)
            }
            SourceInput::Pipe { pipe, .. } => pipe,
            SourceInput::Spooled(mut spool) => {
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
        if let SourceInput::Pipe { spool, .. } = &self.input {
            let spool = spool.try_clone()?;
            self.size = Some(spool.metadata()?.len());
            self.input = SourceInput::Spooled(spool);
        }
        Ok(())
    }
}

/// Opens standard input. If it is a regular file, it is read again without a copy, from the
/// original position.
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

/// Decompresses gzip, zstd (RFC 8878) or lz4, recognised by the first bytes, whatever the name.
/// Several members or frames in a row are one stream.
pub(super) fn decompressed<'a>(mut raw: impl Read + 'a) -> Result<Pass<'a>, Unreadable> {
    let mut head = Vec::with_capacity(MAGIC);
    raw.by_ref()
        .take(MAGIC as u64)
        .read_to_end(&mut head)
        .map_err(Unreadable::Io)?;
    let magic = head.clone();
    let raw = Cursor::new(head).chain(raw);
    let buffered = |raw| BufReader::with_capacity(COMPRESSED_BUFFER, raw);
    let bytes: Box<dyn Read + 'a> = match *magic {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(buffered(raw))),
        // Programs that compress in parallel begin with a frame to skip.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            let decoder = zstd::stream::read::Decoder::with_buffer(buffered(raw));
            Box::new(Decoding(decoder.map_err(Unreadable::Decompress)?))
        }
        [0x04, 0x22, 0x4d, 0x18] => Box::new(Decoding(Lz4(FrameDecoder::new(buffered(raw))))),
        _ if *magic == lz4_legacy::MAGIC => Box::new(LegacyDecoder::new(buffered(raw))),
        _ => {
            return Ok(Pass {
                bytes: Box::new(raw),
                compressed: false,
            });
        }
    };
    Ok(Pass {
        bytes,
        compressed: true,
    })
}

/// A decoder that reports errors of no particular kind as errors of its input.
struct Decoding<R>(R);

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::Other => io::Error::new(io::ErrorKind::InvalidData, error),
            _ => error,
        })
    }
}

/// Frames of lz4, one after the other, because the decoder ends with each.
struct Lz4<R: Read>(FrameDecoder<R>);

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.0.read(into)?;
            if count > 0 || into.is_empty() || self.0.get_mut().fill_buf()?.is_empty() {
                return Ok(count);
            }
        }
    }
}

/// Keeps a copy of everything that is read.
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

/// Reports reads to the progress bar.
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
    fn zstd_and_lz4_are_read_as_gzip_is() {
        use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
        let long = vec![7; 3_000_000];
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).expect("to memory");
        let lz4 = |bytes: &[u8], mode| {
            let info = FrameInfo::new().block_mode(mode).content_checksum(true);
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(bytes).expect("to memory");
            encoder.finish().expect("to memory")
        };
        let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";
        for streams in [
            [zstd(b"first "), zstd(&long)],
            [[&skipped[..], &zstd(b"first ")].concat(), zstd(&long)],
            [
                lz4(b"first ", BlockMode::Independent),
                lz4(&long, BlockMode::Linked),
            ],
        ] {
            let stream = streams.concat();
            let read = |stream: &[u8]| {
                let mut bytes = Vec::new();
                let mut pass = decompressed(stream).expect("a pass");
                assert!(pass.compressed);
                pass.bytes.read_to_end(&mut bytes).map(|_| bytes)
            };
            let bytes = read(&stream).expect("whole");
            assert!(bytes == [b"first ", &long[..]].concat());
            // A cut or damaged stream is an error, not an end.
            read(&stream[..stream.len() - 3]).expect_err("cut");
            let mut wrong = stream.clone();
            let at = streams[0].len();
            wrong[at] ^= 0x55;
            let error = read(&wrong).expect_err("no frame");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        }
    }

    #[test]
    fn streams_shorter_than_a_magic() {
        for stream in [&b""[..], b"\x1f", b"\x28\xb5\x2f"] {
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
