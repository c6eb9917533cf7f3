//! `routes`: lists the rules, as `flask routes` does.

use super::echo;
use crate::{AppService, external::is_elsewhere};
use carboy_routing::Rule;
use clap::{Arg, ArgAction, ArgMatches};

pub(super) fn grammar() -> clap::Command {
    clap::Command::new("routes")
        .about("Shows the rules of the app.")
        .arg(
            Arg::new("sort")
                .long("sort")
                .short('s')
                .value_parser(["endpoint", "methods", "domain", "rule", "match"])
                .default_value("endpoint")
                .help("The column to sort by; 'match' is the order of registration"),
        )
        .arg(
            Arg::new("all-methods")
                .long("all-methods")
                .action(ArgAction::SetTrue)
                .help("Shows HEAD and OPTIONS too"),
        )
}

pub(super) fn routes(service: &AppService, matches: &ArgMatches) {
    let state = service.state();
    let rules: Vec<&Rule> = state.url_map().iter().collect();
    if rules.is_empty() {
        echo("No routes were registered.");
        return;
    }
    let by_host = state.host_matching;
    let domain =
        |rule: &Rule| if by_host { rule.get_host() } else { rule.get_subdomain() }.unwrap_or("").to_owned();
    let has_domain = rules.iter().any(|rule| !domain(rule).is_empty());
    let all = matches.get_flag("all-methods");
    let mut columns = vec![("endpoint", "Endpoint"), ("methods", "Methods")];
    if has_domain {
        columns.push(("domain", if by_host { "Host" } else { "Subdomain" }));
    }
    columns.push(("rule", "Rule"));
    let mut rows: Vec<Vec<String>> = rules
        .iter()
        .map(|rule| {
            let methods = rule.get_methods().map(|m| m.iter().collect::<Vec<_>>()).unwrap_or_default();
            let mut methods: Vec<&str> =
                methods.into_iter().filter(|m| all || !matches!(*m, "HEAD" | "OPTIONS")).collect();
            methods.sort_unstable();
            let mut row = vec![rule.get_endpoint().to_owned(), methods.join(", ")];
            if has_domain {
                row.push(domain(rule));
            }
            let elsewhere = if is_elsewhere(rule) { " (elsewhere)" } else { "" };
            row.push(format!("{}{elsewhere}", rule.text()));
            row
        })
        .collect();
    let sort = matches.get_one::<String>("sort").map_or("endpoint", String::as_str);
    if let Some(column) = columns.iter().position(|(name, _)| *name == sort) {
        rows.sort_by(|a, b| a[column].cmp(&b[column]));
    }
    rows.insert(0, columns.iter().map(|(_, title)| (*title).to_owned()).collect());
    let widths: Vec<usize> = (0..columns.len())
        .map(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0))
        .collect();
    rows.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect());
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        echo(cells.join("  "));
    }
}
