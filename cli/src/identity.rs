//! Identifies files by device and inode, whatever their names or descriptors.

use std::fs::{self, Metadata};
use std::path::Path;

/// The identity of a file or folder, independent of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    #[cfg(unix)]
    device_and_inode: (u64, u64),
    /// Without inodes, no two files are known to be the same.
    #[cfg(not(unix))]
    never: std::convert::Infallible,
}

impl Identity {
    /// Returns the identity of a file with this metadata.
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems tell none")]
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self {
            device_and_inode: (metadata.dev(), metadata.ino()),
        })
    }

    /// Returns the identity of a file with this metadata.
    #[cfg(not(unix))]
    pub(crate) const fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Returns the identity of the regular file that is read for `path`; `-` is standard input.
    pub(crate) fn of_input(path: &Path) -> Option<Self> {
        if path.as_os_str() == "-" {
            standard(std::io::stdin())
        } else {
            of_path(path)
        }
    }

    /// Returns the identity of the regular file that is written for `path`; no path and `-` are
    /// standard output.
    pub(crate) fn of_output(path: Option<&Path>) -> Option<Self> {
        match path.filter(|path| path.as_os_str() != "-") {
            Some(path) => of_path(path),
            None => standard(std::io::stdout()),
        }
    }
}

fn of_path(path: &Path) -> Option<Identity> {
    of_regular(&fs::metadata(path).ok()?)
}

fn of_regular(metadata: &Metadata) -> Option<Identity> {
    metadata.is_file().then(|| Identity::of(metadata))?
}

/// Returns the regular file behind a standard stream: a redirection opened it, so its name is not
/// known.
#[cfg(unix)]
fn standard(stream: impl std::os::fd::AsFd) -> Option<Identity> {
    let file = fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
    of_regular(&file.metadata().ok()?)
}

#[cfg(not(unix))]
fn standard<S>(_: S) -> Option<Identity> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_matter() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, other) = (folder.path().join("a"), folder.path().join("b"));
        let (soft, hard) = (folder.path().join("soft"), folder.path().join("hard"));
        fs::write(&file, "same").expect("written");
        fs::write(&other, "same").expect("written");
        std::os::unix::fs::symlink(&file, &soft).expect("linked");
        fs::hard_link(&file, &hard).expect("linked");
        let identity = Identity::of_input(&file);
        assert!(identity.is_some());
        assert_eq!(Identity::of_output(Some(&soft)), identity);
        assert_eq!(Identity::of_output(Some(&hard)), identity);
        assert_ne!(Identity::of_output(Some(&other)), identity);
        assert_eq!(Identity::of_input(folder.path()), None, "no regular file");
        assert_eq!(Identity::of_input(Path::new("/dev/null")), None);
    }
}
