//! The pages of the guide, taken apart.

use std::{fs, path::Path};

/// The pages in their order, and as documentation, so that their programs are compiled and run.
macro_rules! pages {
    ($($name:ident $file:literal)*) => {
        /// The pages, in the order of the book.
        pub const PAGES: &[&str] = &[$($file),*];

        #[cfg(doctest)]
        #[allow(rustdoc::invalid_codeblock_attributes)]
        mod programs {
            $(
                #[doc = include_str!(concat!("../src/", $file))]
                pub struct $name;
            )*
        }
    };
}

pages! {
    Idea "idea.md"
    App "app.md"
    Routing "routing.md"
    Requests "requests.md"
    Responses "responses.md"
    FilesAndUploads "files-and-uploads.md"
    Pages "pages.md"
    State "state.md"
    Data "data.md"
    Extensions "extensions.md"
    Logins "login.md"
    RolesAndPermissions "roles.md"
    Accounts "accounts.md"
    ForgedRequests "csrf.md"
    SecurityHeaders "security-headers.md"
    Forms "forms.md"
    Validation "validation.md"
    JsonWebTokens "jwt.md"
    OtherProviders "oauth.md"
    Languages "translations.md"
    Mail "mail.md"
    RateLimits "rate-limits.md"
    CrossOriginRequests "cors.md"
    Cache "cache.md"
    Realtime "realtime.md"
    Serving "serving.md"
    BehindAProxy "behind-a-proxy.md"
    Observability "observability.md"
    Https "tls.md"
    Steps "steps.md"
}

/// A part of a page below a heading of its own.
#[derive(Debug)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// The modules in Python; the second half says whether they can be run.
    pub python: Vec<(String, bool)>,
    /// The programs in Rust.
    pub rust: Vec<String>,
    /// Files by name.
    pub files: Vec<(String, String)>,
    /// What is asked, one after the other.
    pub asks: Vec<Ask>,
}

/// Something that is asked, and what comes back.
#[derive(Debug)]
pub struct Ask {
    /// How the page says it.
    pub line: String,
    /// What is asked.
    pub call: Call,
    /// What comes back.
    pub expected: Expected,
}

/// What is asked.
#[derive(Debug)]
pub enum Call {
    /// A command line, without the program's name.
    Command(String),
    /// A request.
    Request {
        /// The method.
        method: String,
        /// The path and the query.
        target: String,
        /// Header fields.
        headers: Vec<(String, String)>,
        /// The body.
        content: Content,
    },
}

/// The body of a request.
#[derive(Debug)]
pub enum Content {
    /// None.
    Nothing,
    /// JSON.
    Json(String),
    /// Fields, urlencoded.
    Form(String),
    /// Fields and files.
    Multipart {
        /// Names and values.
        fields: Vec<(String, String)>,
        /// Names, file names and contents.
        files: Vec<(String, String, String)>,
    },
}

/// What is expected to come back.
#[derive(Debug, Default)]
pub struct Expected {
    /// The status of a response.
    pub status: Option<u16>,
    /// Header fields of a response.
    pub headers: Vec<(String, String)>,
    /// The body, or what a command prints; `None` when the page does not show it.
    pub body: Option<String>,
}

impl Expected {
    /// Compares this with what came back.
    ///
    /// # Panics
    /// When it is something else.
    pub fn compare(
        &self,
        title: &str,
        line: &str,
        status: Option<u16>,
        header: impl Fn(&str) -> Vec<String>,
        body: &str,
    ) {
        assert_eq!(status, self.status, "{title}: {line}: the status; the body is {body}");
        for (name, value) in &self.headers {
            let found = header(name);
            assert!(
                found.iter().any(|found| matches(value, found)),
                "{title}: {line}: {name} should be {value:?}, and is {found:?}"
            );
        }
        if let Some(expected) = &self.body {
            assert!(
                matches(expected, body.trim_end()),
                "{title}: {line}: the body should be\n{expected}\nand is\n{body}"
            );
        }
    }
}

/// Whether a text is what a pattern says, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(start) => rest = &rest[start + part.len()..],
            None => return false,
        }
    }
    true
}

/// The section with this heading.
///
/// # Panics
/// When no page has it.
pub fn section(title: &str) -> Section {
    pages()
        .into_iter()
        .flat_map(|(_, sections)| sections)
        .find(|section| section.title == title)
        .unwrap_or_else(|| panic!("the guide has no section {title:?}"))
}

/// The sections of every page.
///
/// # Panics
/// When a page cannot be read or understood.
pub fn pages() -> Vec<(&'static str, Vec<Section>)> {
    PAGES.iter().map(|page| (*page, sections(page))).collect()
}

fn sections(page: &str) -> Vec<Section> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut sections = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("# ").or_else(|| line.strip_prefix("## ")) {
            sections.push(Section::new(title));
        } else if let Some(info) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let section = sections.last_mut().unwrap_or_else(|| panic!("{page} begins with a heading"));
            section.add(page, info, &block);
        }
    }
    sections
}

impl Section {
    fn new(title: &str) -> Section {
        Section {
            title: title.to_owned(),
            python: Vec::new(),
            rust: Vec::new(),
            files: Vec::new(),
            asks: Vec::new(),
        }
    }

    fn add(&mut self, page: &str, info: &str, block: &[&str]) {
        let text = block.iter().flat_map(|line| [line, "\n"]).collect::<String>();
        match info.split_once(',') {
            Some(("python", "compiled")) => self.python.push((text, false)),
            None if info == "python" => self.python.push((text, true)),
            None if info == "rust" => self.rust.push(text),
            None if info == "http" => self.asks.extend(asks(page, block)),
            // Commands of a shell and lines of a manifest, which are there to be read.
            None if matches!(info, "sh" | "toml") => {}
            Some((language, name)) if language != "rust" => self.files.push((name.to_owned(), text)),
            _ => panic!("{page}: a block that nobody checks: ```{info}"),
        }
    }

    /// Writes the files into a folder.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write_files(&self, folder: &Path) {
        for (name, text) in &self.files {
            let path = folder.join(name);
            let parent = path.parent().expect("a file is in a folder");
            fs::create_dir_all(parent).expect("a folder can be made");
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

fn asks(page: &str, block: &[&str]) -> Vec<Ask> {
    let mut asks: Vec<Ask> = Vec::new();
    for line in block {
        if let Some(command) = line.strip_prefix("$ ") {
            asks.push(ask(line, Call::Command(command.to_owned())));
            continue;
        }
        if let Some(request) = line.strip_prefix("> ").filter(|line| field(line).is_none()) {
            asks.push(ask(line, self::request(request)));
            continue;
        }
        let ask = asks.last_mut().unwrap_or_else(|| panic!("{page}: nothing is asked before {line:?}"));
        if let Some(line) = line.strip_prefix("> ") {
            let Call::Request { headers, .. } = &mut ask.call else {
                panic!("{page}: {line:?} is of no request")
            };
            headers.extend(field(line));
        } else if let Some(line) = line.strip_prefix("< ") {
            match field(line) {
                Some(field) => ask.expected.headers.push(field),
                None => ask.expected.status = line.parse().ok(),
            }
        } else {
            let body = ask.expected.body.get_or_insert_default();
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(line);
        }
    }
    for ask in &mut asks {
        if let Some(body) = &mut ask.expected.body {
            // A blank line sets one request apart from the next.
            body.truncate(body.trim_end().len());
            if body.is_empty() {
                ask.expected.body = None;
            }
        }
    }
    asks
}

fn ask(line: &str, call: Call) -> Ask {
    Ask { line: line.to_owned(), call, expected: Expected::default() }
}

/// A header field: `Name: value`.
fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(": ")?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

fn request(line: &str) -> Call {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().trim().to_owned();
    let (method, target, content) = (word(), word(), word());
    let content = if content.is_empty() {
        Content::Nothing
    } else if content.starts_with(['{', '[']) {
        Content::Json(content)
    } else if content.contains("=@") {
        let (mut fields, mut files) = (Vec::new(), Vec::new());
        for part in content.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match value.strip_prefix('@').and_then(|file| file.split_once(':')) {
                Some((filename, content)) => {
                    files.push((name.to_owned(), filename.to_owned(), content.to_owned()));
                }
                None => fields.push((name.to_owned(), value.to_owned())),
            }
        }
        Content::Multipart { fields, files }
    } else {
        Content::Form(content)
    };
    Call::Request { method, target, headers: Vec::new(), content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_for_anything() {
        for (pattern, text) in
            [("abc", "abc"), ("a…", "abc"), ("…c", "abc"), ("a…c", "abc"), ("a…b…d", "axbyd"), ("…", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("abc", "abcd"), ("a…c", "abd"), ("b…", "abc"), ("a…b…d", "axyd")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn requests_and_answers_are_read() {
        let block = [
            "> POST /a x=1",
            "> X-Id: 7",
            "< 302",
            "< Location: /",
            "",
            "> GET /",
            "< 200",
            "a: b",
            "c",
            "$ run it",
            "done",
        ];
        let asks = asks("page", &block);
        assert_eq!(asks.len(), 3);
        assert_eq!((asks[0].expected.status, asks[0].expected.body.as_deref()), (Some(302), None));
        assert_eq!(asks[0].expected.headers, [("Location".to_owned(), "/".to_owned())]);
        let Call::Request { headers, content: Content::Form(form), .. } = &asks[0].call else {
            panic!("{asks:?}")
        };
        assert_eq!((headers.len(), form.as_str()), (1, "x=1"));
        assert_eq!(asks[1].expected.body.as_deref(), Some("a: b\nc"));
        assert!(matches!(&asks[2].call, Call::Command(line) if line == "run it"));
    }
}
