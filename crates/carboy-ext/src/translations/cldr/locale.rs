//! A language, and where and how it is written: Babel's `Locale`.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::data::{self, Part, global_text};
use super::decimal::Decimal;
use super::plural;

/// A locale that there is data for: `de`, `de_AT`, `zh_Hant_TW`. Cheap to copy around; Babel's `Locale`.
///
/// ```
/// use carboy_ext::translations::Locale;
/// let locale: Locale = "pt-BR".parse()?;
/// assert_eq!(locale.to_string(), "pt_BR");
/// assert_eq!(locale.display_name(), "português (Brasil)");
/// assert_eq!(locale.display_name_in(&"de".parse()?), "Portugiesisch (Brasilien)");
/// # Ok::<(), carboy_ext::translations::UnknownLocale>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Locale {
    language: String,
    territory: Option<String>,
    script: Option<String>,
    variant: Option<String>,
    modifier: Option<String>,
    /// The name of its data.
    data: String,
}

/// The name of a locale that there is no data for, or that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLocale(String);

impl fmt::Display for UnknownLocale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown locale {:?}", self.0)
    }
}

impl std::error::Error for UnknownLocale {}

/// The parts of a name.
#[derive(Clone, Default)]
struct Parts {
    language: String,
    territory: Option<String>,
    script: Option<String>,
    variant: Option<String>,
    modifier: Option<String>,
}

impl Parts {
    /// Babel's `parse_locale`; hyphens are as good as underscores.
    fn parse(name: &str) -> Option<Self> {
        let alphabetic = |text: &str| !text.is_empty() && text.chars().all(char::is_alphabetic);
        let (name, modifier) =
            name.split_once('@').map_or((name, None), |(name, modifier)| (name, Some(modifier)));
        let name = name.split('.').next().unwrap_or(name);
        let mut parts = name.split(['_', '-']).collect::<Vec<_>>();
        parts.reverse();
        let language = parts.pop()?.to_lowercase();
        if !alphabetic(&language) || language.len() > 8 {
            return None;
        }
        let mut found = Parts { language, ..Parts::default() };
        found.modifier = modifier.filter(|modifier| !modifier.is_empty()).map(str::to_owned);
        if let Some(script) = parts.pop_if(|part| part.chars().count() == 4 && alphabetic(part)) {
            let mut chars = script.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            found.script = Some(first + &chars.as_str().to_lowercase());
        }
        if let Some(territory) = parts.pop_if(|part| part.len() == 2 && alphabetic(part)) {
            found.territory = Some(territory.to_uppercase());
        } else if let Some(region) = parts.pop_if(|p| p.len() == 3 && p.bytes().all(|b| b.is_ascii_digit())) {
            found.territory = Some(region.to_owned());
        }
        let is_variant = |part: &mut &str| {
            let first = part.chars().next();
            (part.len() == 4 && first.is_some_and(|c| c.is_ascii_digit()))
                || (part.len() >= 5 && first.is_some_and(char::is_alphabetic))
        };
        if let Some(variant) = parts.pop_if(is_variant) {
            found.variant = Some(variant.to_uppercase());
        }
        parts.is_empty().then_some(found)
    }

    fn name(&self) -> String {
        let parts =
            [Some(&self.language), self.script.as_ref(), self.territory.as_ref(), self.variant.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("_")
    }

    fn load(&self) -> Option<Locale> {
        let data = self.name();
        data::exists(&data).then(|| Locale {
            language: self.language.clone(),
            territory: self.territory.clone(),
            script: self.script.clone(),
            variant: self.variant.clone(),
            modifier: self.modifier.clone(),
            data,
        })
    }

    /// As it is, else without script, variant and modifier.
    fn load_reducing(&self) -> Option<Locale> {
        let (language, territory) = (self.language.clone(), self.territory.clone());
        self.load().or_else(|| Parts { language, territory, ..Parts::default() }.load())
    }
}

impl Locale {
    /// The locale of a name: letters in any case, parts with `_` or `-` between them, `zh_TW` as good as `zh_Hant_TW`.
    ///
    /// # Errors
    /// When there is no data for it.
    pub fn parse(name: &str) -> Result<Self, UnknownLocale> {
        let unknown = || UnknownLocale(name.chars().take(100).collect());
        let stem = name.split('.').next().unwrap_or(name);
        let name = if matches!(stem.to_uppercase().as_str(), "C" | "POSIX") { "en_US_POSIX" } else { name };
        if name.len() > 200 {
            return Err(unknown());
        }
        let mut parts = Parts::parse(name).ok_or_else(unknown)?;
        if let Some(locale) = parts.load() {
            return Ok(locale);
        }
        let renamed = |table: &str, part: &str| global_text(table, part).map(str::to_owned);
        if let Some(language) = renamed("language_aliases", &parts.language) {
            parts.language = language;
        }
        let of = |part: &Option<String>| part.clone().unwrap_or_default();
        parts.territory =
            renamed("territory_aliases", &of(&parts.territory)).or(parts.territory).filter(|t| t != "ZZ");
        parts.script = renamed("script_aliases", &of(&parts.script)).or(parts.script).filter(|s| s != "Zzzz");
        parts.variant = renamed("variant_aliases", &of(&parts.variant)).or(parts.variant);
        let likely = |name: &str| global_text("likely_subtags", name).and_then(Parts::parse);
        let mut whole = parts.name();
        if let Some(modifier) = &parts.modifier {
            whole = format!("{whole}@{modifier}");
        }
        if let Some(locale) = likely(&whole).and_then(|likely| likely.load_reducing()) {
            return Ok(locale);
        }
        likely(&parts.language)
            .and_then(|likely| Parts { territory: parts.territory.clone(), ..likely }.load_reducing())
            .ok_or_else(unknown)
    }

    /// The language's code.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The country's or region's code.
    pub fn territory(&self) -> Option<&str> {
        self.territory.as_deref()
    }

    /// The script's code.
    pub fn script(&self) -> Option<&str> {
        self.script.as_deref()
    }

    /// The variant.
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// Its name in its own language.
    pub fn display_name(&self) -> String {
        self.display_name_in(self)
    }

    /// Its name in another language; its code where that has no name for it. Babel's `get_display_name`.
    pub fn display_name_in(&self, other: &Locale) -> String {
        let Some(language) = other.language_name_of(&self.language) else { return self.to_string() };
        let name = |table: &str, code: &Option<String>| {
            code.as_ref().and_then(|code| other.data(Part::Territories, &[table, code])?.as_str())
        };
        let details: Vec<&str> = [
            name("scripts", &self.script),
            name("territories", &self.territory),
            name("variants", &self.variant),
            self.modifier.as_deref(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if self.territory.is_none() && self.script.is_none() && self.variant.is_none() || details.is_empty() {
            return language.to_owned();
        }
        format!("{language} ({})", details.join(", "))
    }

    /// The name of its language in its own language. Babel's `language_name`.
    pub fn language_name(&self) -> &'static str {
        self.language_name_of(&self.language).unwrap_or_default()
    }

    /// The name of its country in its own language, if it has one. Babel's `territory_name`.
    pub fn territory_name(&self) -> Option<&'static str> {
        self.data(Part::Territories, &["territories", self.territory.as_ref()?])?.as_str()
    }

    fn language_name_of(&self, language: &str) -> Option<&'static str> {
        self.data(Part::Languages, &["languages", language])?.as_str()
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(&self) -> bool {
        let script = self.script.clone().or_else(|| {
            let likely = |name: &str| global_text("likely_subtags", name).and_then(Parts::parse)?.script;
            likely(&self.data).or_else(|| likely(&self.language))
        });
        let rtl =
            ["Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"];
        script.is_some_and(|script| rtl.contains(&script.as_str()))
    }

    /// Its name with hyphens, as HTML's `lang` and HTTP want it (BCP 47).
    pub fn tag(&self) -> String {
        let mut tag = self.data.replace('_', "-");
        // A variant of CLDR in upper case means the same in lower case, which is how it is written.
        if let Some(variant) = &self.variant {
            tag = tag.replace(variant.as_str(), &variant.to_lowercase());
        }
        tag
    }

    /// The form that a number has in its language: `zero`, `one`, `two`, `few`, `many` or `other` (CLDR). Babel's `plural_form`.
    pub fn plural_form(&self, number: impl Into<Decimal>) -> &'static str {
        plural::form(self.formats(&["plural_form"]), &number.into())
    }

    /// What wins of `available` for the languages that somebody prefers, the best first. Babel's `negotiate_locale`.
    ///
    /// `de_AT` gets `de_AT`, else `de`; a language alone gets the country that its speakers mean, as `ja` gets `ja_JP`.
    pub fn negotiate<'a, P, A>(preferred: P, available: A) -> Option<Locale>
    where
        P: IntoIterator<Item = &'a str>,
        A: IntoIterator<Item = &'a str>,
    {
        let normal = |name: &str| name.to_lowercase().replace('-', "_");
        let available: Vec<String> = available.into_iter().map(normal).collect();
        let has = |name: &str| available.contains(&normal(name));
        for name in preferred {
            if has(name) {
                return Locale::parse(name).ok();
            }
            let alias =
                ALIASES.iter().find(|(language, _)| *language == normal(name)).map(|(_, alias)| *alias);
            if let Some(alias) = alias.filter(|alias| has(alias)) {
                return Locale::parse(alias).ok();
            }
            let mut parts = name.split(['_', '-']);
            let language = parts.next().unwrap_or_default();
            if parts.next().is_some() && has(language) {
                return Locale::parse(language).ok();
            }
        }
        None
    }

    /// The names under which its translations may lie, the nearest first: `de_AT`, `de`.
    pub(in super::super) fn candidates(&self) -> Vec<String> {
        let parts = |script: bool, territory: bool, variant: bool| {
            let mut name = self.language.clone();
            for (wanted, part) in
                [(script, &self.script), (territory, &self.territory), (variant, &self.variant)]
            {
                match part {
                    Some(part) if wanted => name = format!("{name}_{part}"),
                    _ => {}
                }
            }
            name
        };
        let mut names = Vec::new();
        for name in [
            self.to_string(),
            parts(true, true, true),
            parts(true, true, false),
            parts(true, false, false),
            parts(false, true, false),
            parts(false, false, false),
        ] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The name of a month or a day, as it stands in a date.
    pub(in super::super) fn name_of(&self, kind: &str, width: &str, number: u8) -> Option<&'static str> {
        self.format_text(&[kind, "format", width, &number.to_string()])
    }

    pub(super) fn data(&self, part: Part, path: &[&str]) -> Option<&'static Value> {
        path.iter().try_fold(data::of(part, &self.data), |value, key| value.get(key))
    }

    pub(super) fn formats(&self, path: &[&str]) -> Option<&'static Value> {
        self.data(Part::Formats, path)
    }

    pub(super) fn format_text(&self, path: &[&str]) -> Option<&'static str> {
        self.formats(path)?.as_str()
    }
}

/// The countries that browsers leave out: Babel's `LOCALE_ALIASES`.
const ALIASES: [(&str, &str); 39] = [
    ("ar", "ar_SY"),
    ("bg", "bg_BG"),
    ("bs", "bs_BA"),
    ("ca", "ca_ES"),
    ("cs", "cs_CZ"),
    ("da", "da_DK"),
    ("de", "de_DE"),
    ("el", "el_GR"),
    ("en", "en_US"),
    ("es", "es_ES"),
    ("et", "et_EE"),
    ("fa", "fa_IR"),
    ("fi", "fi_FI"),
    ("fr", "fr_FR"),
    ("gl", "gl_ES"),
    ("he", "he_IL"),
    ("hu", "hu_HU"),
    ("id", "id_ID"),
    ("is", "is_IS"),
    ("it", "it_IT"),
    ("ja", "ja_JP"),
    ("km", "km_KH"),
    ("ko", "ko_KR"),
    ("lt", "lt_LT"),
    ("lv", "lv_LV"),
    ("mk", "mk_MK"),
    ("nl", "nl_NL"),
    ("nn", "nn_NO"),
    ("no", "nb_NO"),
    ("pl", "pl_PL"),
    ("pt", "pt_PT"),
    ("ro", "ro_RO"),
    ("ru", "ru_RU"),
    ("sk", "sk_SK"),
    ("sl", "sl_SI"),
    ("sv", "sv_SE"),
    ("th", "th_TH"),
    ("tr", "tr_TR"),
    ("uk", "uk_UA"),
];

impl FromStr for Locale {
    type Err = UnknownLocale;
    fn from_str(name: &str) -> Result<Self, UnknownLocale> {
        Locale::parse(name)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.data)?;
        match &self.modifier {
            Some(modifier) => write!(f, "@{modifier}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locale({:?})", self.to_string())
    }
}

impl Locale {
    /// The gettext rule that a new catalogue of this language begins with.
    pub(in super::super) fn gettext_plural(&self) -> String {
        let rule = data::global().get("gettext_plurals").and_then(|rules| rules.get(&self.data));
        let forms = rule.and_then(|rule| rule.get(0)?.as_u64()).unwrap_or(2);
        let expression = rule.and_then(|rule| rule.get(1)?.as_str()).unwrap_or("(n != 1)");
        format!("nplurals={forms}; plural={expression};")
    }
}
