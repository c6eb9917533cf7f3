//! Compiled catalogues: the format of GNU gettext,
//! <https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html>.

use super::plural::Plural;
use super::{CONTEXT, Catalog, Charset, LARGEST};

const MAGIC: u32 = 0x9504_12de;

/// Entries may share their text, but all of it together is at most so many times as large as the file.
const SHARED: usize = 4;

/// A file that is read number by number; every place is checked before it is looked at.
struct File<'f> {
    bytes: &'f [u8],
    big_endian: bool,
}

impl<'f> File<'f> {
    fn number(&self, at: usize) -> Result<usize, String> {
        let end = at.checked_add(4).ok_or_else(outside)?;
        let bytes: [u8; 4] = self.bytes.get(at..end).and_then(|b| b.try_into().ok()).ok_or_else(outside)?;
        let number = if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        usize::try_from(number).map_err(|_| outside())
    }

    /// The text whose length and place stand at `at`.
    fn text(&self, at: usize) -> Result<&'f [u8], String> {
        let (length, start) = (self.number(at)?, self.number(at.saturating_add(4))?);
        let end = start.checked_add(length).ok_or_else(outside)?;
        self.bytes.get(start..end).ok_or_else(outside)
    }
}

fn outside() -> String {
    "it points outside of itself".to_owned()
}

/// Reads a compiled catalogue.
///
/// # Errors
/// What is wrong with it, in words that follow its name.
pub(in super::super) fn read(bytes: &[u8]) -> Result<Catalog, String> {
    if bytes.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let magic: Option<[u8; 4]> = bytes.get(..4).and_then(|bytes| bytes.try_into().ok());
    let big_endian = match magic {
        Some(magic) if u32::from_le_bytes(magic) == MAGIC => false,
        Some(magic) if u32::from_be_bytes(magic) == MAGIC => true,
        _ => return Err("it is no compiled catalogue".to_owned()),
    };
    let file = File { bytes, big_endian };
    let version = file.number(4)?;
    if version >> 16 > 1 {
        return Err(format!("its version is {}, and 0 and 1 are known", version >> 16));
    }
    let (count, originals, translations) = (file.number(8)?, file.number(12)?, file.number(16)?);
    if count > bytes.len() / 8 {
        return Err(outside());
    }
    let mut pairs = Vec::with_capacity(count);
    let mut text_left = LARGEST.min(bytes.len().saturating_mul(SHARED));
    for index in 0..count {
        let original = file.text(originals.saturating_add(index * 8))?;
        let translation = file.text(translations.saturating_add(index * 8))?;
        text_left = text_left
            .checked_sub(original.len() + translation.len())
            .ok_or("its texts are much larger than itself")?;
        pairs.push((original, translation));
    }
    let header = pairs.iter().find(|(original, _)| original.is_empty()).map(|(_, header)| *header);
    let header = String::from_utf8_lossy(header.unwrap_or_default());
    let charset = Charset::of_header(&header)?;
    let mut catalog = Catalog::new(Plural::of_header(&header)?);
    for (original, translation) in pairs {
        if original.is_empty() {
            continue;
        }
        let (original, translation) = (charset.decode(original)?, charset.decode(translation)?);
        // With a plural the singular alone is the key.
        match original.split_once('\0') {
            Some((singular, _)) => {
                let forms = translation.split('\0').map(str::to_owned).collect();
                catalog.add_key_plural(singular.to_owned(), forms);
            }
            None => catalog.add_key(original, translation),
        }
    }
    Ok(catalog)
}

/// A message and its translation, as a compiled catalogue holds them.
pub(in super::super) struct Compiled {
    pub(in super::super) context: Option<String>,
    pub(in super::super) ids: Vec<String>,
    pub(in super::super) translations: Vec<String>,
}

/// Writes a compiled catalogue: messages in the order of their bytes, no hash table.
pub(in super::super) fn write(messages: &[Compiled]) -> Vec<u8> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = messages
        .iter()
        .map(|message| {
            let context =
                message.context.as_ref().map(|context| format!("{context}{CONTEXT}")).unwrap_or_default();
            ((context + &message.ids.join("\0")).into_bytes(), message.translations.join("\0").into_bytes())
        })
        .collect();
    pairs.sort();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let (count, head) = (pairs.len(), 28);
    let mut out = Vec::new();
    out.extend(MAGIC.to_le_bytes());
    for field in [0, count, head, head + count * 8, 0, 0] {
        out.extend(number(field));
    }
    let mut at = head + count * 16;
    let mut texts = Vec::new();
    for column in [0, 1] {
        for pair in &pairs {
            let text = if column == 0 { &pair.0 } else { &pair.1 };
            out.extend(number(text.len()));
            out.extend(number(at));
            at += text.len() + 1;
            texts.extend_from_slice(text);
            texts.push(0);
        }
    }
    out.extend(texts);
    out
}
