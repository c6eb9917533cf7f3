//! Which limits concern a request: Flask-Limiter's rules.

use super::{limit::Limit, rate::RateLimit};
use std::ops::BitOr;

/// From which limits a view or a blueprint is exempt: what Flask-Limiter calls `ExemptionScope`. Combine with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemption(u8);

impl Exemption {
    /// The limits of the whole application.
    pub const APPLICATION: Exemption = Exemption(1);
    /// The limits on exceeding limits.
    pub const META: Exemption = Exemption(2);
    /// The default limits.
    pub const DEFAULT: Exemption = Exemption(4);
    /// Of a blueprint: those nested in it are exempt likewise.
    pub const DESCENDENTS: Exemption = Exemption(8);
    /// Of a blueprint: the limits of those that it is nested in.
    pub const ANCESTORS: Exemption = Exemption(16);

    const NONE: Exemption = Exemption(0);
    const LIMITS: Exemption = Exemption(1 | 2 | 4);

    pub(super) fn contains(self, other: Exemption) -> bool {
        self.0 & other.0 != 0
    }

    fn without(self, other: Exemption) -> Exemption {
        Exemption(self.0 & !other.0)
    }
}

impl Default for Exemption {
    /// From application, default and meta limits.
    fn default() -> Self {
        Exemption::LIMITS
    }
}

impl BitOr for Exemption {
    type Output = Exemption;
    fn bitor(self, other: Exemption) -> Exemption {
        Exemption(self.0 | other.0)
    }
}

/// The limits by what they concern.
#[derive(Clone, Default)]
pub(super) struct Scopes {
    pub(super) application: Vec<Limit>,
    pub(super) default: Vec<Limit>,
    pub(super) views: Vec<(String, Limit)>,
    /// Views whose guards count them, later than others.
    pub(super) guarded: Vec<String>,
    pub(super) blueprints: Vec<(String, Limit)>,
    pub(super) exempt_views: Vec<(String, Exemption)>,
    pub(super) exempt_blueprints: Vec<(String, Exemption)>,
}

/// A rate of a limit.
pub(super) type Applied<'a> = (RateLimit, &'a Limit);

/// The rates that a limit has for this request; none when it cannot say.
pub(super) fn rates_of(limit: &Limit) -> impl Iterator<Item = Applied<'_>> {
    let rates = limit.rates().unwrap_or_else(|error| {
        // What does not change was looked at when the app started.
        tracing::error!(target: "carboy::limiter", "a limit is left out: {error}");
        Vec::new()
    });
    rates.into_iter().map(move |rate| (rate, limit))
}

impl Scopes {
    /// Whether a view has limits of its own.
    pub(super) fn has_own(&self, endpoint: &str) -> bool {
        self.views.iter().any(|(view, _)| view == endpoint)
    }

    /// Whether a view is counted by its guards.
    pub(super) fn is_guarded(&self, endpoint: &str) -> bool {
        self.guarded.iter().any(|view| view == endpoint)
    }

    /// The limits of the whole application for a view.
    pub(super) fn of_application(&self, endpoint: &str, blueprint: Option<&str>) -> Vec<Applied<'_>> {
        match self.exemption(endpoint, blueprint).contains(Exemption::APPLICATION) {
            true => Vec::new(),
            false => self.application.iter().flat_map(rates_of).collect(),
        }
    }

    /// The limits of a view, of its blueprints, and the default ones: the later unless the former take their place.
    pub(super) fn of_view(&self, endpoint: &str, blueprint: Option<&str>) -> Vec<Applied<'_>> {
        let mut own: Vec<Applied<'_>> = match exemption_in(&self.exempt_views, endpoint) {
            Exemption::NONE => self
                .views
                .iter()
                .filter(|(view, _)| view == endpoint)
                .flat_map(|(_, limit)| rates_of(limit))
                .collect(),
            _ => Vec::new(),
        };
        if let Some(blueprint) = blueprint
            && own.iter().all(|(_, limit)| !limit.override_defaults)
        {
            own.extend(self.of_blueprint(blueprint).into_iter().flat_map(rates_of));
        }
        let exempt = self.exemption(endpoint, blueprint).contains(Exemption::DEFAULT);
        let leave_room = own.iter().all(|(_, limit)| limit.exempts_method())
            || own.iter().all(|(_, limit)| !limit.override_defaults);
        if leave_room && !exempt { self.default.iter().flat_map(rates_of).chain(own).collect() } else { own }
    }

    /// The limits of a blueprint and of those that it is nested in.
    fn of_blueprint(&self, blueprint: &str) -> Vec<&Limit> {
        let name = last(blueprint);
        if self.own_exemption(name).without(Exemption::DEFAULT | Exemption::APPLICATION) != Exemption::NONE {
            return Vec::new();
        }
        let own: Vec<&Limit> = self.limits_of(name).collect();
        let alone = !own.is_empty() && own.iter().all(|limit| limit.override_defaults)
            || exemption_in(&self.exempt_blueprints, name).contains(Exemption::ANCESTORS);
        if alone {
            return own;
        }
        blueprint
            .split('.')
            .filter(|member| !exemption_in(&self.exempt_blueprints, member).contains(Exemption::DESCENDENTS))
            .flat_map(|member| self.limits_of(member))
            .collect()
    }

    fn limits_of(&self, blueprint: &str) -> impl Iterator<Item = &Limit> {
        self.blueprints.iter().filter(move |(name, _)| name == blueprint).map(|(_, limit)| limit)
    }

    /// From what a view is exempt, by itself and by its blueprints.
    pub(super) fn exemption(&self, endpoint: &str, blueprint: Option<&str>) -> Exemption {
        let own = exemption_in(&self.exempt_views, endpoint);
        let Some(blueprint) = blueprint else { return own };
        let inherited = blueprint
            .split('.')
            .map(|member| exemption_in(&self.exempt_blueprints, member))
            .filter(|exemption| exemption.contains(Exemption::DESCENDENTS))
            .fold(Exemption::NONE, Exemption::bitor);
        own | self.own_exemption(last(blueprint)) | inherited
    }

    fn own_exemption(&self, blueprint: &str) -> Exemption {
        exemption_in(&self.exempt_blueprints, blueprint).without(Exemption::ANCESTORS)
    }
}

fn last(blueprint: &str) -> &str {
    blueprint.rsplit('.').next().unwrap_or(blueprint)
}

/// What was said last.
fn exemption_in(list: &[(String, Exemption)], name: &str) -> Exemption {
    list.iter().rev().find(|(n, _)| n == name).map_or(Exemption::NONE, |(_, exemption)| *exemption)
}
