//! The body of a form with files.

/// One part of a form.
pub(super) enum Part {
    Field { name: String, value: String },
    File { name: String, filename: String, content_type: String, content: Vec<u8> },
}

/// The content type and the body.
pub(super) fn encode(parts: &[Part]) -> (String, Vec<u8>) {
    let mut boundary = "---------------carboy-test".to_owned();
    // The boundary may not occur in what it bounds.
    while parts.iter().any(|p| contains(p, boundary.as_bytes())) {
        boundary.push('x');
    }
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        match part {
            Part::Field { name, value } => {
                let name = quoted(name);
                body.extend_from_slice(
                    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(),
                );
                body.extend_from_slice(value.as_bytes());
            }
            Part::File { name, filename, content_type, content } => {
                let (name, filename) = (quoted(name), quoted(filename));
                body.extend_from_slice(
                    format!(
                        "Content-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
                         Content-Type: {content_type}\r\n\r\n"
                    )
                    .as_bytes(),
                );
                body.extend_from_slice(content);
            }
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// Names as browsers write them.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn contains(part: &Part, needle: &[u8]) -> bool {
    let content = match part {
        Part::Field { value, .. } => value.as_bytes(),
        Part::File { content, .. } => content,
    };
    content.windows(needle.len()).any(|w| w == needle)
}
