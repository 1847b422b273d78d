//! Rust source as words and signs, without comments, texts and what is for tests only.

/// A word, or one sign.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub(crate) fn is_word(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Reads source; `::` is one sign.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let (from, rest) = (at, &chars[at..]);
        if rest.starts_with(&['/', '/']) {
            at += rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
        } else if rest.starts_with(&['/', '*']) {
            at += comment(rest);
        } else if let Some(length) = raw_text(rest).or_else(|| text(rest)) {
            at += length;
        } else if rest[0].is_alphanumeric() || rest[0] == '_' {
            at += rest
                .iter()
                .position(|c| !(c.is_alphanumeric() || *c == '_'))
                .unwrap_or(rest.len());
            let text = chars[from..at].iter().collect();
            found.push(Token { text, line });
        } else {
            at += if rest.starts_with(&[':', ':']) { 2 } else { 1 };
            if !rest[0].is_whitespace() {
                let text = chars[from..at].iter().collect();
                found.push(Token { text, line });
            }
        }
        line += chars[from..at].iter().filter(|c| **c == '\n').count();
    }
    without_tests(found)
}

/// Returns the length of a comment that may hold others.
fn comment(chars: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < chars.len() {
        if chars[at..].starts_with(&['/', '*']) {
            (depth, at) = (depth + 1, at + 2);
        } else if chars[at..].starts_with(&['*', '/']) {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of `r"..."`, `r#"..."#` and so on.
fn raw_text(chars: &[char]) -> Option<usize> {
    let prefix = chars.iter().position(|c| !"bcr".contains(*c))?;
    if prefix == 0 || prefix > 2 || chars[prefix - 1] != 'r' {
        return None;
    }
    let marks = chars[prefix..].iter().take_while(|c| **c == '#').count();
    if chars.get(prefix + marks) != Some(&'"') {
        return None;
    }
    let mut at = prefix + marks + 1;
    while at < chars.len() {
        let closed =
            chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= marks;
        at += 1;
        if closed {
            return Some(at + marks);
        }
    }
    Some(at)
}

/// Returns the length of a text or of one letter in quotes; a lifetime is neither.
fn text(chars: &[char]) -> Option<usize> {
    let quote = chars[0];
    if quote == '\'' && chars.get(1) != Some(&'\\') && chars.get(2) != Some(&'\'') {
        return None;
    }
    if quote != '"' && quote != '\'' {
        return None;
    }
    let mut at = 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    Some(at + 1)
}

/// Leaves out items behind `#[cfg(test)]`.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        let is_marked =
            rest.len() > MARK.len() && rest.iter().zip(MARK).all(|(token, mark)| token.is(mark));
        if is_marked {
            at += MARK.len() + item(&rest[MARK.len()..]);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Returns the length of an item, which ends with `;` or a closing brace.
fn item(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match &*token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && (token.is(";") || token.is("}") || token.is(",")) || depth < 0 {
            return at + usize::from(depth == 0);
        }
    }
    tokens.len()
}
