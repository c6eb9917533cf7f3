//! The state machine that finds the rule of a path.
//!
//! A rule's host and the parts of its path lead from state to state. At each state the literal part is tried first, then
//! the dynamic ones in the order of their weight, going back where a way leads nowhere. The states form a tree, so a search
//! visits each at most once, whatever the path; that most are not visited at all is the work of two indices: the whole
//! path of a rule without variables, and the literal beginning of a dynamic part.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use smallvec::SmallVec;

use crate::compile::{Dynamic, Part, Parts, Weight};
use crate::error::{RuleError, RuleErrorKind};
use crate::method::{Method, MethodSet};
use crate::pattern::{Fit, Pattern, Piece, Texts};
use crate::rule::Rule;

/// A fast hash for keys that come from the application; what a client sends is only looked up, so it cannot make the
/// table degenerate.
#[derive(Default)]
pub(crate) struct FastHasher(u64);

const SEED: u64 = 0xf135_7aea_2e62_a9c5;

impl FastHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(SEED);
    }
}

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(last));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<FastHasher>>;

/// The number of a state.
type StateId = usize;

/// A rule at its last state, with what decides whether it matches a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) rule: u32,
    pub(crate) websocket: bool,
    strict_slashes: bool,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Entry>,
    statics: FastMap<Box<str>, StateId>,
    dynamics: Transitions,
}

/// The dynamic ways from a state, grouped by the literal text at their beginning.
#[derive(Debug, Default)]
struct Transitions {
    groups: FastMap<Box<str>, Vec<Transition>>,
    /// The lengths of those texts, each once, in ascending order.
    lengths: Vec<usize>,
    count: usize,
}

#[derive(Debug)]
struct Transition {
    pattern: Pattern,
    expression: String,
    is_final: bool,
    suffixed: bool,
    weight: Weight,
    /// The order in which the transitions of a state were added.
    number: usize,
    next: StateId,
}

impl Transitions {
    /// The transitions that the beginning of a text does not rule out, in the order in which they are to be tried.
    fn candidates(&self, text: &str) -> Candidates<'_> {
        // Most states have one group, of parts that begin with their variable.
        match *self.lengths {
            [0] => Candidates::Group(self.groups.get("").map_or(&[][..], Vec::as_slice).iter()),
            _ => Candidates::Found(self.in_several_groups(text).into_iter()),
        }
    }

    fn in_several_groups(&self, text: &str) -> SmallVec<[&Transition; 4]> {
        let mut found: SmallVec<[&Transition; 4]> = SmallVec::new();
        let mut groups = 0;
        for length in &self.lengths {
            let Some(prefix) = text.as_bytes().get(..*length).and_then(|_| text.get(..*length)) else {
                continue;
            };
            if let Some(group) = self.groups.get(prefix) {
                found.extend(group.iter());
                groups += 1;
            }
        }
        if groups > 1 {
            found.sort_unstable_by(|a, b| a.weight.cmp(&b.weight).then(a.number.cmp(&b.number)));
        }
        found
    }
}

/// Transitions to be tried.
enum Candidates<'a> {
    Group(std::slice::Iter<'a, Transition>),
    Found(smallvec::IntoIter<[&'a Transition; 4]>),
}

impl<'a> Iterator for Candidates<'a> {
    type Item = &'a Transition;

    fn next(&mut self) -> Option<&'a Transition> {
        match self {
            Candidates::Group(group) => group.next(),
            Candidates::Found(found) => found.next(),
        }
    }
}

/// The rules without variables below one host or subdomain.
#[derive(Debug, Default)]
struct WholePaths {
    /// Those of `/`. An empty text lies at no address, where comparing is slow (see `pattern.rs`), and this is the path that is asked for most.
    root: Vec<Entry>,
    /// The others, by the path after its first slash.
    others: FastMap<Box<str>, Vec<Entry>>,
    /// Bit `n % 64` is set when one of them is `n` bytes long: most paths with variables need not be searched for.
    lengths: u64,
}

impl WholePaths {
    fn get(&self, path: &str) -> &[Entry] {
        if path.is_empty() {
            &self.root
        } else if self.lengths & length_bit(path) == 0 {
            &[]
        } else {
            self.others.get(path).map_or(&[], Vec::as_slice)
        }
    }

    fn add(&mut self, path: String, entry: Entry) {
        if path.is_empty() {
            self.root.push(entry);
        } else {
            self.lengths |= length_bit(&path);
            self.others.entry(path.into()).or_default().push(entry);
        }
    }
}

fn length_bit(path: &str) -> u64 {
    1 << (path.len() % 64)
}

#[derive(Debug)]
pub(crate) struct Matcher {
    /// State 0 is where the host is matched.
    states: Vec<State>,
    /// The state of the empty subdomain, which is that of nearly all requests.
    bare: Option<StateId>,
    /// By the state that a literal host leads to.
    whole_paths: Vec<WholePaths>,
}

/// A path matches but for its last slash.
#[derive(Debug)]
pub(crate) struct SlashRequired;

/// A rule that matches, with the texts of its variables.
#[derive(Debug)]
pub(crate) struct Found<'p> {
    pub(crate) rule: u32,
    pub(crate) texts: Texts<'p>,
}

/// A search, and what it saw of rules that match the path alone.
pub(crate) struct Search<'a> {
    method: Method<'a>,
    websocket: bool,
    /// The methods of rules that match the path.
    pub(crate) allowed: MethodSet,
    /// Whether a rule for the other kind of connection matches the path.
    pub(crate) websocket_mismatch: bool,
}

impl<'a> Search<'a> {
    pub(crate) fn new(method: Method<'a>, websocket: bool) -> Self {
        Self { method, websocket, allowed: MethodSet::new(), websocket_mismatch: false }
    }

    fn accepts(&mut self, rules: &[Rule], entry: &Entry) -> bool {
        match &rules[entry.rule as usize].methods {
            Some(methods) if !methods.allows(&self.method) => self.allowed.extend(methods),
            _ if entry.websocket != self.websocket => self.websocket_mismatch = true,
            _ => return true,
        }
        false
    }

    fn would_accept(&self, rules: &[Rule], entry: &Entry) -> bool {
        entry.websocket == self.websocket
            && rules[entry.rule as usize].methods.as_ref().is_none_or(|methods| methods.allows(&self.method))
    }
}

impl Matcher {
    pub(crate) fn new() -> Self {
        Self { states: vec![State::default()], bare: None, whole_paths: Vec::new() }
    }

    /// Adds a rule by its parts.
    pub(crate) fn add(&mut self, rule: &Rule, parts: &Parts) -> Result<(), RuleError> {
        let entry = Entry {
            rule: rule.id.0,
            websocket: rule.websocket,
            strict_slashes: rule.compiled.strict_slashes,
        };
        let mut state = 0;
        // A host has no slashes, so a pattern that spans several parts matches none.
        let [domain] = parts.domain.as_slice() else { return Ok(()) };
        if matches!(domain, Part::Dynamic(Dynamic { is_final: true, .. })) {
            return Ok(());
        }
        state = self.follow(state, domain, rule)?;
        if matches!(domain, Part::Static(text) if text.is_empty()) {
            self.bare = Some(state);
        }
        let mut whole = matches!(domain, Part::Static(_)).then(String::new);
        let host = state;
        // Every path begins with a slash, so the empty part before it leads nowhere else.
        for (index, part) in parts.path.iter().skip(1).enumerate() {
            match (part, &mut whole) {
                (Part::Static(text), Some(path)) => {
                    if index > 0 {
                        path.push('/');
                    }
                    path.push_str(text);
                }
                _ => whole = None,
            }
            state = self.follow(state, part, rule)?;
        }
        self.states[state].rules.push(entry);
        if let Some(path) = whole {
            if self.whole_paths.len() <= host {
                self.whole_paths.resize_with(host + 1, WholePaths::default);
            }
            self.whole_paths[host].add(path, entry);
        }
        Ok(())
    }

    /// The state that a part leads to, made if there is none yet.
    fn follow(&mut self, from: StateId, part: &Part, rule: &Rule) -> Result<StateId, RuleError> {
        let new = self.states.len();
        match part {
            Part::Static(text) => {
                let statics = &mut self.states[from].statics;
                if let Some(next) = statics.get(&**text) {
                    return Ok(*next);
                }
                statics.insert(text.as_str().into(), new);
            }
            Part::Dynamic(dynamic) => {
                let prefix = match dynamic.pieces.first() {
                    Some(Piece::Text(text)) => text.as_str(),
                    _ => "",
                };
                let transitions = &mut self.states[from].dynamics;
                let group = transitions.groups.entry(prefix.into()).or_default();
                let same = group.iter().find(|own| {
                    own.expression == dynamic.expression
                        && own.is_final == dynamic.is_final
                        && own.suffixed == dynamic.suffixed
                        && own.weight == dynamic.weight
                });
                if let Some(same) = same {
                    return Ok(same.next);
                }
                let pattern = Pattern::new(&dynamic.pieces, dynamic.suffixed).map_err(|error| {
                    RuleError::new(RuleErrorKind::Pattern, error.to_string(), &rule.text, 0)
                })?;
                let place = group.partition_point(|own| own.weight <= dynamic.weight);
                group.insert(
                    place,
                    Transition {
                        pattern,
                        expression: dynamic.expression.clone(),
                        is_final: dynamic.is_final,
                        suffixed: dynamic.suffixed,
                        weight: dynamic.weight.clone(),
                        number: transitions.count,
                        next: new,
                    },
                );
                transitions.count += 1;
                if let Err(place) = transitions.lengths.binary_search(&prefix.len()) {
                    transitions.lengths.insert(place, prefix.len());
                }
            }
        }
        self.states.push(State::default());
        Ok(new)
    }

    /// The first of the rules without variables that a path has below the empty subdomain; the path is without its first slash.
    pub(crate) fn first_of_path(&self, path: &str) -> Option<&Entry> {
        self.whole_paths.get(self.bare?)?.get(path).first()
    }

    /// Finds the rule for a host or subdomain and a path, given without its first slash; `None` is the empty path.
    pub(crate) fn find<'p>(
        &self,
        rules: &[Rule],
        domain: &'p str,
        path: Option<&'p str>,
        search: &mut Search<'_>,
    ) -> Result<Option<Found<'p>>, SlashRequired> {
        let root = &self.states[0];
        let mut texts = Texts::new();
        let host = if domain.is_empty() { self.bare } else { root.statics.get(domain).copied() };
        if let Some(state) = host {
            let whole = path.and_then(|path| Some(self.whole_paths.get(state)?.get(path)));
            if let Some(entry) = whole.into_iter().flatten().find(|entry| search.accepts(rules, entry)) {
                return Ok(Some(Found { rule: entry.rule, texts }));
            }
            if let Some(rule) = self.walk(rules, state, path, &mut texts, search)? {
                return Ok(Some(Found { rule, texts }));
            }
        }
        for transition in root.dynamics.candidates(domain) {
            texts.clear();
            if transition.pattern.fit(domain, &mut texts) == Fit::Whole
                && let Some(rule) = self.walk(rules, transition.next, path, &mut texts, search)?
            {
                return Ok(Some(Found { rule, texts }));
            }
        }
        Ok(None)
    }

    /// Follows the rest of a path from a state; `None` is the end of it. Recursion is as deep as the longest rule.
    fn walk<'p>(
        &self,
        rules: &[Rule],
        state: StateId,
        rest: Option<&'p str>,
        texts: &mut Texts<'p>,
        search: &mut Search<'_>,
    ) -> Result<Option<u32>, SlashRequired> {
        let state = &self.states[state];
        let Some(rest) = rest else {
            if let Some(entry) = state.rules.iter().find(|entry| search.accepts(rules, entry)) {
                return Ok(Some(entry.rule));
            }
            let branch = state.statics.get("").map_or(&[][..], |branch| &self.states[*branch].rules);
            return match branch.iter().find(|entry| search.would_accept(rules, entry)) {
                Some(entry) if entry.strict_slashes => Err(SlashRequired),
                Some(entry) => Ok(Some(entry.rule)),
                None => Ok(None),
            };
        };
        // Segments are short: a look at each byte is faster than a search that is made for long texts.
        let (part, after) = match rest.bytes().position(|byte| byte == b'/') {
            Some(slash) => (&rest[..slash], Some(&rest[slash + 1..])),
            None => (rest, None),
        };
        if !state.statics.is_empty()
            && let Some(next) = state.statics.get(part)
            && let Some(rule) = self.walk(rules, *next, after, texts, search)?
        {
            return Ok(Some(rule));
        }
        if state.dynamics.count > 0 {
            let before = texts.len();
            // A part that takes the whole rest begins with the same literal text as its first segment does.
            for transition in state.dynamics.candidates(part) {
                let target = if transition.is_final { rest } else { part };
                let remaining = match transition.pattern.fit(target, texts) {
                    Fit::No => continue,
                    Fit::WithSlash => Some(""),
                    Fit::Whole if transition.is_final => None,
                    Fit::Whole => after,
                };
                if let Some(rule) = self.walk(rules, transition.next, remaining, texts, search)? {
                    return Ok(Some(rule));
                }
                texts.truncate(before);
            }
        }
        // Only a slash is left: rules without one match unless they are strict.
        if rest.is_empty() {
            let lenient = state.rules.iter().filter(|entry| !entry.strict_slashes);
            for entry in lenient {
                if search.accepts(rules, entry) {
                    return Ok(Some(entry.rule));
                }
            }
        }
        Ok(None)
    }
}
