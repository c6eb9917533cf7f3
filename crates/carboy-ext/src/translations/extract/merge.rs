//! A catalogue brought up to date with a template, as Babel does it.

use std::collections::HashMap;

use crate::translations::catalog::header_field;
use crate::translations::catalog::po::{Entry, File, with_field};

/// From here on two messages are so much alike that the translation of one helps with the other: that of Python's `difflib`.
const ALIKE: f64 = 0.6;
/// Longer texts are not compared.
const LONGEST: usize = 2000;

/// Puts the messages of a template into a catalogue: translations stay, those of messages that changed a little become fuzzy, those of messages
/// that are gone obsolete.
pub(super) fn update(catalog: &File, template: &File, fuzzy_matching: bool, forms: usize) -> File {
    let mut known: HashMap<(Option<&str>, &str), &Entry> = HashMap::new();
    for entry in catalog.entries.iter().filter(|entry| !entry.obsolete) {
        known.insert(entry.key(), entry);
    }
    let mut entries = Vec::new();
    if let Some(header) = known.get(&(None, "")) {
        let mut header = (*header).clone();
        let created = header_field(template.header(), "POT-Creation-Date");
        if let (Some(created), Some(text)) = (created, header.translations.first_mut()) {
            *text = with_field(text, "POT-Creation-Date", created);
        }
        entries.push(header);
    }
    let candidates: Vec<(String, &Entry)> = catalog
        .entries
        .iter()
        .filter(|entry| fuzzy_matching && !entry.obsolete && !entry.is_header() && entry.is_translated())
        .map(|entry| (entry.message.to_lowercase().trim().to_owned(), entry))
        .collect();
    let mut used: Vec<(Option<&str>, &str)> = Vec::new();
    for message in template.entries.iter().filter(|entry| !entry.is_header() && !entry.obsolete) {
        let same = known.get(&message.key()).copied();
        let found = same.or_else(|| {
            let wanted = message.message.to_lowercase();
            let best = closest(wanted.trim(), &candidates)?;
            Some(best)
        });
        let mut entry = message.clone();
        if let Some(found) = found {
            used.push(found.key());
            merge(&mut entry, found, same.is_none(), forms);
        }
        entries.push(entry);
    }
    let gone = |entry: &&Entry| entry.obsolete || !entry.is_header() && !used.contains(&entry.key());
    for entry in catalog.entries.iter().filter(gone) {
        if entries.iter().any(|known: &Entry| known.key() == entry.key()) {
            continue;
        }
        entries.push(Entry { obsolete: true, places: Vec::new(), ..entry.clone() });
    }
    File { entries }
}

/// Takes over what a known message has.
fn merge(entry: &mut Entry, known: &Entry, changed: bool, forms: usize) {
    let mut fuzzy = changed;
    entry.translations = known.translations.clone();
    if !known.comments.is_empty() {
        entry.comments = known.comments.clone();
    }
    match (&entry.plural, &known.plural) {
        (Some(_), None) => {
            fuzzy = true;
            entry.translations.resize(forms, String::new());
        }
        (Some(_), Some(_)) if entry.translations.len() != forms => {
            fuzzy = true;
            entry.translations.resize(forms, String::new());
        }
        (None, Some(_)) => {
            fuzzy = true;
            entry.translations.truncate(1);
        }
        _ => {}
    }
    for flag in &known.flags {
        if !entry.flags.contains(flag) {
            entry.flags.push(flag.clone());
        }
    }
    if fuzzy && !entry.is_fuzzy() {
        entry.flags.push("fuzzy".to_owned());
    }
}

/// The candidate that is most alike, if one is alike enough.
fn closest<'e>(wanted: &str, candidates: &[(String, &'e Entry)]) -> Option<&'e Entry> {
    let wanted: Vec<char> = wanted.chars().collect();
    let mut best: Option<(f64, &Entry)> = None;
    for (text, entry) in candidates {
        let text: Vec<char> = text.chars().collect();
        let (shorter, longer) = (wanted.len().min(text.len()), wanted.len().max(text.len()));
        // So much alike they are at most.
        if longer > LONGEST || 2.0 * shorter as f64 / ((shorter + longer).max(1) as f64) < ALIKE {
            continue;
        }
        let ratio = 2.0 * matching(&wanted, &text) as f64 / (wanted.len() + text.len()).max(1) as f64;
        if ratio >= ALIKE && best.is_none_or(|(found, _)| ratio > found) {
            best = Some((ratio, entry));
        }
    }
    best.map(|(_, entry)| entry)
}

/// How many characters two texts have in common: those of the longest part that both have, and of what lies before and behind it.
fn matching(left: &[char], right: &[char]) -> usize {
    let mut total = 0;
    let mut open = vec![(left, right)];
    while let Some((left, right)) = open.pop() {
        let (mut best, mut end_left, mut end_right) = (0, 0, 0);
        let mut lengths = vec![0usize; right.len() + 1];
        for (i, a) in left.iter().enumerate() {
            let mut diagonal = 0;
            for (j, b) in right.iter().enumerate() {
                let above = lengths[j + 1];
                lengths[j + 1] = if a == b { diagonal + 1 } else { 0 };
                diagonal = above;
                if lengths[j + 1] > best {
                    (best, end_left, end_right) = (lengths[j + 1], i + 1, j + 1);
                }
            }
        }
        if best > 0 {
            total += best;
            open.push((&left[..end_left - best], &right[..end_right - best]));
            open.push((&left[end_left..], &right[end_right..]));
        }
    }
    total
}
