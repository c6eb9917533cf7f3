//! Fragments of templates: `cache.get(name)` and `cache.keep(name, html, seconds)`.

use super::{Cache, Live};
use carboy::{Markup, TemplateArgs, TemplateError, TemplateObject, TemplateValue};
use std::time::Duration;

/// What templates know as `cache`.
pub(super) struct Fragments(pub(super) Cache);

impl TemplateObject for Fragments {
    fn get(&self, _: &str) -> Result<Option<TemplateValue>, TemplateError> {
        Ok(None)
    }

    fn call_method(
        &self,
        method: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        match method {
            "get" => Some(self.find(arguments)),
            "keep" => Some(self.keep(arguments)),
            _ => None,
        }
    }

    fn text(&self) -> String {
        "<cache>".to_owned()
    }
}

impl Fragments {
    /// `get(name)`: HTML that was kept, or none.
    fn find(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
        let name: String = arguments.argument(0, "name")?;
        let bytes = self.0.live().and_then(|live| live.fragments.get(&name));
        Ok(match bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
            Some(html) => Markup::new(html).into(),
            None => TemplateValue::none(),
        })
    }

    /// `keep(name, html, timeout=…)`: keeps HTML, and answers it. Text that is no HTML is escaped first.
    fn keep(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
        let name: String = arguments.argument(0, "name")?;
        let value = arguments.get(1).or_else(|| arguments.named("html"));
        let value = value.unwrap_or_else(TemplateValue::undefined);
        let text: String = value.to()?;
        let html = if value.is_safe() { Markup::new(text) } else { carboy::escape(&text) };
        if let Some(live) = self.0.live() {
            let seconds: Option<f64> = arguments.argument(2, "timeout")?;
            keep(live, &name, html.as_str(), seconds);
        }
        Ok(html.into())
    }
}

fn keep(live: &Live, name: &str, html: &str, seconds: Option<f64>) {
    let timeout = match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        None => live.settings.timeout,
    };
    if html.len() <= live.settings.max_entry_size {
        live.fragments.set(name, html.as_bytes().to_vec(), (!timeout.is_zero()).then_some(timeout));
    }
}
