//! Values for programs. Numbers look the same in every format.

use std::borrow::Cow;
use std::io::{self, Write};

use nflx_core::Time;

use super::Value;
use crate::escape;

/// Characters that make a spreadsheet compute a cell, or that end the previous cell, as listed by
/// OWASP ("CSV Injection", including the wide forms, which some programs treat the same).
const FORMULA: [char; 11] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Writes JSON. Characters that act on a terminal are escaped, which does not change the data.
pub(super) fn json(value: &Value<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let start = out.len();
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Text(text) => {
            serde_json::to_writer(&mut *out, text)?;
            quieten(out, start);
        }
        Value::Words(words) => {
            serde_json::to_writer(&mut *out, words)?;
            quieten(out, start);
        }
        Value::Word(text) => serde_json::to_writer(out, text)?,
        Value::Floats(values) => serde_json::to_writer(out, values)?,
        Value::Spans(spans) => serde_json::to_writer(out, spans)?,
        Value::Json(json) => serde_json::to_writer(out, json)?,
        Value::Address(address) => write!(out, "\"{address}\"")?,
        _ => plain(value, out)?,
    }
    Ok(())
}

/// Escapes characters that JSON may leave unescaped, in the output from `start` on. They occur in
/// strings only.
fn quieten(out: &mut Vec<u8>, start: usize) {
    let text = String::from_utf8_lossy(&out[start..]);
    if !text.contains(escape::acts) {
        return;
    }
    let mut quiet = Vec::with_capacity(text.len() + 8);
    for c in text.chars() {
        if escape::acts(c) {
            // All of them are in the basic plane, where one escape is one character.
            quiet.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
        } else {
            quiet.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out.truncate(start);
    out.extend(quiet);
}

/// Writes bare text: nothing for unknown values, words separated by spaces, numbers as a JSON
/// array.
pub(super) fn plain(value: &Value<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => out.write_all(if *value { b"true" } else { b"false" }),
        Value::Integer(value) => Ok(serde_json::to_writer(out, value)?),
        Value::Float(value) => Ok(serde_json::to_writer(out, value)?),
        Value::Time(time) => write!(out, "{time}"),
        // The same digits, whatever the origin.
        Value::Seconds(nanoseconds) => write!(out, "{}", Time(*nanoseconds)),
        Value::Text(text) | Value::Word(text) => out.write_all(text.as_bytes()),
        Value::Address(address) => write!(out, "{address}"),
        Value::Words(words) => out.write_all(words.join(" ").as_bytes()),
        Value::Floats(values) => Ok(serde_json::to_writer(out, values)?),
        Value::Spans(spans) => Ok(serde_json::to_writer(out, spans)?),
        Value::Json(json) => Ok(serde_json::to_writer(out, json)?),
    }
}

/// Writes a CSV field (RFC 4180). Text that a spreadsheet would take for a formula is quoted and
/// prefixed with an apostrophe, so that it stays text; numbers, including negative ones, stay
/// numbers. If a person watches, characters that act on a terminal are escaped.
pub(super) fn csv(value: &Value<'_>, watched: bool, out: &mut Vec<u8>) -> io::Result<()> {
    let text: Cow<'_, str> = match value {
        Value::Text(text) => (*text).into(),
        Value::Words(words) => words.join(" ").into(),
        Value::Floats(values) => serde_json::to_string(values)?.into(),
        Value::Spans(spans) => serde_json::to_string(spans)?.into(),
        _ => return plain(value, out),
    };
    // A lone sign, which names standard input, computes nothing.
    let computes = text.starts_with(FORMULA) && text != "-";
    let text = if watched {
        escape::escaped(&text)
    } else {
        Cow::from(&*text)
    };
    field(&text, computes, out);
    Ok(())
}

/// Writes a field, quoted if necessary.
fn field(text: &str, computes: bool, out: &mut Vec<u8>) {
    if !computes && !text.contains([',', '"', '\r', '\n']) {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    if computes {
        out.push(b'\'');
    }
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
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

    #[test]
    fn cells_of_csv_are_no_formulas_and_numbers_stay_numbers() {
        let cell = |value: Value<'_>, watched| {
            let mut out = Vec::new();
            csv(&value, watched, &mut out).expect("to memory");
            String::from_utf8(out).expect("UTF-8")
        };
        for (text, field) in [
            ("www.netflix.com", "www.netflix.com"),
            ("", ""),
            ("-", "-"),
            ("a,b", "\"a,b\""),
            ("=cmd|'/C calc'!A0", "\"'=cmd|'/C calc'!A0\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(Value::Text(text), false), field, "{text:?}");
            assert_eq!(cell(Value::Words(&[text]), false), field, "{text:?}");
        }
        assert_eq!(cell(Value::Float(-1.5), false), "-1.5");
        assert_eq!(cell(Value::Time(Time(-500_000_000)), false), "-0.500000000");
        assert_eq!(cell(Value::Floats(&[-1.0, 2.0]), false), "\"[-1.0,2.0]\"");
        assert_eq!(cell(Value::Text("a\u{1b}[2J"), false), "a\u{1b}[2J");
        assert_eq!(cell(Value::Text("a\u{1b}[2J"), true), "a\\u{1b}[2J");
    }

    #[test]
    fn json_is_the_same_data_and_steers_nothing() {
        for text in [
            "a\u{202e}b\u{9b}2J\u{7f}\u{feff}\"\\",
            "\n\u{1b}",
            "\u{1f600} é",
        ] {
            let (json, _) = both(&Value::Text(text));
            assert!(!json.contains(escape::acts), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        }
    }
}
