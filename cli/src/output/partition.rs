//! Folders that name what their rows have in common, by Apache Hive's convention:
//! `capture=NAME/part.parquet`.

/// The column that the folders stand for.
pub(crate) const PARTITION: &str = "capture";

/// Characters that Hive writes as `%` and their number: those with a meaning in paths and patterns.
const ESCAPED: &str = "\"#%'*/:=?\\{[]^\u{7f}";

/// Returns the folder of the rows with this value, escaped like Hive.
pub(crate) fn folder(value: &str) -> String {
    let mut folder = format!("{PARTITION}=");
    for c in value.chars() {
        if c < ' ' || ESCAPED.contains(c) {
            folder.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            folder.push(c);
        }
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_paths_is_escaped() {
        assert_eq!(folder("a b.pcap"), "capture=a b.pcap");
        assert_eq!(
            folder("../x=1%/é\n.pcap"),
            "capture=..%2Fx%3D1%25%2Fé%0A.pcap"
        );
        assert_eq!(folder("-"), "capture=-");
    }
}
