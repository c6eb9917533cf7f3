//! What a fault measured, and what it may be at most.

use crate::process::Done;

/// The figures of one fault: printed as they come, judged at the end.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    given: usize,
    missed: Vec<String>,
}

impl Figures {
    /// A figure that may be so much at most.
    pub(crate) fn at_most(&mut self, what: &str, value: f64, bar: f64, unit: &str) {
        self.judge(what, number(value), value <= bar, "≤", number(bar), unit);
    }

    /// A figure that must be so much at least.
    pub(crate) fn at_least(&mut self, what: &str, value: f64, bar: f64, unit: &str) {
        self.judge(what, number(value), value >= bar, "≥", number(bar), unit);
    }

    /// A figure that must be exactly this.
    pub(crate) fn exactly(&mut self, what: &str, value: f64, bar: f64, unit: &str) {
        self.judge(what, number(value), value == bar, "=", number(bar), unit);
    }

    /// Something that must be so.
    pub(crate) fn holds(&mut self, what: &str, so: bool) {
        self.judge(what, if so { "yes" } else { "no" }.to_owned(), so, "=", "yes".to_owned(), "");
    }

    /// A figure without a bar.
    pub(crate) fn told(&self, what: &str, value: impl std::fmt::Display, unit: &str) {
        println!("{}", format!("  {what:60} {value:>10} {unit}").trim_end());
    }

    fn judge(&mut self, what: &str, value: String, good: bool, sign: &str, bar: String, unit: &str) {
        self.given += 1;
        let verdict = if good { "" } else { "  ← missed" };
        println!("  {what:60} {value:>10} {unit:6} (bar {sign} {bar}){verdict}");
        if !good {
            self.missed.push(
                format!("{what} is {value} {unit}").trim_end().to_owned() + &format!(", not {sign} {bar}"),
            );
        }
    }

    /// Fails when a figure missed its bar, or when there was none.
    pub(crate) fn verdict(self) -> Done {
        match self.missed.as_slice() {
            [] if self.given == 0 => Err("nothing was measured".to_owned()),
            [] => Ok(()),
            missed => Err(missed.join("; ")),
        }
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
