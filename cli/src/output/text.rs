//! Values as programs read them. Numbers look the same in every format.

use std::io::{self, Write};

use nflx_core::Time;

use super::Value;

/// As JSON.
pub(super) fn json(value: &Value<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Text(text) | Value::Word(text) => serde_json::to_writer(out, text)?,
        Value::Words(words) => serde_json::to_writer(out, words)?,
        Value::Floats(values) => serde_json::to_writer(out, values)?,
        Value::Spans(spans) => serde_json::to_writer(out, spans)?,
        Value::Address(address) => write!(out, "\"{address}\"")?,
        _ => plain(value, out)?,
    }
    Ok(())
}

/// As bare text: nothing for what is not known, words separated by spaces, numbers as a JSON array.
pub(super) fn plain(value: &Value<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => out.write_all(if *value { b"true" } else { b"false" }),
        Value::Integer(value) => Ok(serde_json::to_writer(out, value)?),
        Value::Float(value) => Ok(serde_json::to_writer(out, value)?),
        Value::Time(time) => write!(out, "{time}"),
        // The same digits, whatever they are counted from.
        Value::Seconds(nanoseconds) => write!(out, "{}", Time(*nanoseconds)),
        Value::Text(text) | Value::Word(text) => out.write_all(text.as_bytes()),
        Value::Address(address) => write!(out, "{address}"),
        Value::Words(words) => out.write_all(words.join(" ").as_bytes()),
        Value::Floats(values) => Ok(serde_json::to_writer(out, values)?),
        Value::Spans(spans) => Ok(serde_json::to_writer(out, spans)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(value: &Value<'_>) -> (String, String) {
        let (mut as_json, mut as_plain) = (Vec::new(), Vec::new());
        json(value, &mut as_json).expect("to memory");
        plain(value, &mut as_plain).expect("to memory");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (text(as_json), text(as_plain))
    }

    #[test]
    fn times_keep_every_digit() {
        let exact = "1795414938.980025501";
        assert_eq!(
            both(&Value::Time(Time(1_795_414_938_980_025_501))),
            (exact.into(), exact.into())
        );
        assert_eq!(both(&Value::Seconds(-5)).0, "-0.000000005");
    }

    #[test]
    fn text_is_escaped_in_json_only() {
        assert_eq!(
            both(&Value::Text("a\"\x1b")),
            ("\"a\\\"\\u001b\"".into(), "a\"\x1b".into())
        );
        assert_eq!(
            both(&Value::Words(&["sni", "dns"])),
            ("[\"sni\",\"dns\"]".into(), "sni dns".into())
        );
    }

    #[test]
    fn spans_are_pairs() {
        let spans = [[1.5, 2.0], [1_795_414_938.25, 1_795_414_940.0]];
        let text = "[[1.5,2.0],[1795414938.25,1795414940.0]]";
        assert_eq!(both(&Value::Spans(&spans)), (text.into(), text.into()));
        assert_eq!(both(&Value::Spans(&[])).0, "[]");
    }

    #[test]
    fn what_is_not_known() {
        assert_eq!(both(&Value::Null), ("null".into(), String::new()));
    }
}
