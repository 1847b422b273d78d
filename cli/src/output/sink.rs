//! Standard output, or a file that appears only when it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::temporary::Temporary;

const BUFFER: usize = 64 * 1024;

/// The place where an output goes.
pub(crate) enum Sink {
    /// Standard output.
    Stdout(BufWriter<io::Stdout>),
    /// A device or a pipe: written directly.
    Direct(BufWriter<File>),
    /// A regular file: written under a temporary name, then renamed.
    File {
        /// The bytes written so far; removed if the output is not kept.
        temporary: BufWriter<Temporary>,
        /// The final path.
        target: PathBuf,
    },
}

impl Sink {
    /// Opens `path`; standard output for no path and for `-`.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            if stdout_is_closed() {
                return Err(io::Error::other("it is closed"));
            }
            return Ok(Self::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())));
        };
        // Follows symbolic links, so that they stay; a target that does not exist yet keeps its
        // name.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file()) {
            // Fails for a directory, with the system's words.
            let file = OpenOptions::new().write(true).open(&target)?;
            return Ok(Self::Direct(BufWriter::with_capacity(BUFFER, file)));
        }
        let directory = target
            .parent()
            .filter(|directory| *directory != Path::new(""))
            .unwrap_or(Path::new("."));
        // Fails in plain words if there is no such directory.
        fs::metadata(directory)?;
        Ok(Self::File {
            temporary: temporary(directory, &target)?,
            target,
        })
    }

    /// Opens a file below the folder `root`. Its own folder is created when the file is complete.
    pub(crate) fn below(root: &Path, target: PathBuf) -> io::Result<Self> {
        Ok(Self::File {
            temporary: temporary(root, &target)?,
            target,
        })
    }

    /// Returns true if a person watches the output.
    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout(stdout) => stdout.get_ref().is_terminal(),
            Self::Direct(file) => file.get_ref().is_terminal(),
            Self::File { .. } => false,
        }
    }

    /// Completes the output under a name that was not known before.
    pub(crate) fn keep_as(self, target: PathBuf) -> io::Result<()> {
        match self {
            Self::File { temporary, .. } => Self::File { temporary, target }.keep(),
            other => other.keep(),
        }
    }

    /// Completes the output: gives the file its name.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        self.flush()?;
        if let Self::File { temporary, target } = self {
            let temporary = temporary
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            target.parent().map_or(Ok(()), fs::create_dir_all)?;
            temporary.persist(&target)?;
        }
        Ok(())
    }
}

/// Returns true if standard output was closed when the program started: it is then open for reading
/// only (see `closed_output.c`). A redirection to `/dev/null` does not count.
#[cfg(unix)]
pub(crate) fn stdout_is_closed() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl};
    fcntl_getfl(io::stdout()).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDONLY)
}

#[cfg(not(unix))]
pub(crate) const fn stdout_is_closed() -> bool {
    false
}

/// Creates a file in `directory` with the permissions of the file at `target`, or of a new file.
fn temporary(directory: &Path, target: &Path) -> io::Result<BufWriter<Temporary>> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nflx-").suffix(".tmp");
    let permissions = fs::metadata(target)
        .map(|metadata| metadata.permissions())
        .ok();
    if let Some(permissions) = permissions.or_else(default_permissions) {
        builder.permissions(permissions);
    }
    Ok(BufWriter::with_capacity(
        BUFFER,
        Temporary::new(&builder, directory)?,
    ))
}

/// Returns the permissions of a new file, before the user's mask.
#[cfg(unix)]
fn default_permissions() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
const fn default_permissions() -> Option<fs::Permissions> {
    None
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Direct(file) => file.write(bytes),
            Self::File { temporary, .. } => temporary.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Direct(file) => file.flush(),
            Self::File { temporary, .. } => temporary.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_only_when_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("rows");
        fs::write(&path, "before").expect("written");

        let mut sink = Sink::open(Some(&path)).expect("a sink");
        sink.write_all(b"after").expect("written");
        drop(sink);
        assert_eq!(fs::read(&path).expect("there"), b"before");

        let mut sink = Sink::open(Some(&path)).expect("a sink");
        sink.write_all(b"after").expect("written");
        sink.keep().expect("renamed");
        assert_eq!(fs::read(&path).expect("there"), b"after");
        assert_eq!(
            fs::read_dir(directory.path()).expect("there").count(),
            1,
            "nothing is left beside it"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_devices_are_not_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("rows"), directory.path().join("link"));
        fs::write(&path, "before").expect("written");
        symlink(&path, &link).expect("linked");
        let mut sink = Sink::open(Some(&link)).expect("a sink");
        sink.write_all(b"after").expect("written");
        sink.keep().expect("renamed");
        assert_eq!(fs::read(&path).expect("there"), b"after");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());

        Sink::open(Some(Path::new("/dev/null")))
            .expect("a sink")
            .keep()
            .expect("nothing to rename");
        assert!(
            fs::metadata("/dev/null")
                .expect("there")
                .file_type()
                .is_char_device()
        );
    }
}
