//! The report of an evaluation: as JSON for programs, as tables for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::bootstrap::bootstrap;
use super::labels::Labels;
use super::metrics::{Metrics, Scheme};
use super::outcome::Outcome;
use super::shown::Shown;

/// What a set of outcomes is worth, and each part of it.
pub struct Report {
    whole: Part,
    /// The column that tells the parts apart, and them by its values.
    strata: Option<(String, BTreeMap<String, Part>)>,
    operating_point: String,
}

/// A set of outcomes with its figures.
struct Part {
    n: usize,
    metrics: Metrics,
    /// 95 % intervals by the figures' names; none where none were asked for.
    intervals: BTreeMap<String, [f64; 2]>,
}

impl Part {
    fn new(outcomes: &[&Outcome], scheme: &Scheme, rounds: usize) -> Self {
        let intervals = bootstrap(outcomes, scheme, rounds);
        Self { n: outcomes.len(), metrics: Metrics::of(outcomes, scheme), intervals }
    }

    fn json(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let mut object = Map::new();
        object.insert("n".into(), self.n.into());
        if let Value::Object(figures) = serde_json::to_value(&self.metrics)? {
            object.extend(figures);
        }
        if !self.intervals.is_empty() {
            let mut ci95 = Value::Object(Map::new());
            for (name, bounds) in &self.intervals {
                // A dotted name becomes nested objects, as the figures themselves are.
                let place = name.split('.').fold(&mut ci95, |object, part| &mut object[part]);
                *place = serde_json::to_value(bounds)?;
            }
            object.insert("ci95".into(), ci95);
        }
        Ok(object)
    }

    /// The words that the screen shows, a row for each kind of picture.
    fn print_shown(&self, out: &mut impl Write) -> io::Result<()> {
        let words = ["suspicious", "uncertain", "not_suspicious", "retake"];
        let with_intervals = !self.intervals.is_empty();
        let width = if with_intervals { 22 } else { 16 };
        write!(out, "  {:10} {:>6}", "", "n")?;
        words.iter().try_for_each(|word| write!(out, " {:>width$}", word.replace('_', " ")))?;
        writeln!(out)?;
        for (name, shown) in self.rows() {
            write!(out, "  {name:10} {:>6}", shown.n)?;
            let shares: BTreeMap<_, _> = shown.figures().collect();
            for word in words {
                let share = shares.get(word).copied().unwrap_or_default();
                let interval = self.intervals.get(&format!("shown.{name}.{word}"));
                let interval =
                    interval.map_or(String::new(), |[low, high]| format!(" ({low:.3} to {high:.3})"));
                write!(out, " {:>width$}", format!("{share:.3}{interval}"))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// Malignant and benign first.
    fn rows(&self) -> impl Iterator<Item = (&str, &Shown)> {
        let kinds = ["malignant", "benign", "all"];
        let shown = &self.metrics.shown;
        let first = kinds.into_iter().filter_map(|kind| Some((kind, shown.get(kind)?)));
        first.chain(
            shown
                .iter()
                .map(|(name, shown)| (name.as_str(), shown))
                .filter(move |(name, _)| !kinds.contains(name)),
        )
    }

    /// The other figures, by their names.
    fn print_figures(&self, out: &mut impl Write) -> io::Result<()> {
        // What the tables above have shown, and what of each point is in the JSON only.
        let told = |name: &str| name.starts_with("shown.") || name.contains(".shown.");
        for (name, value) in self.metrics.figures().into_iter().filter(|(name, _)| !told(name)) {
            let interval = self
                .intervals
                .get(&name)
                .map_or(String::new(), |[low, high]| format!("   95 % interval {low:.3} to {high:.3}"));
            writeln!(out, "  {name:48} {value:.3}{interval}")?;
        }
        Ok(())
    }
}

impl Report {
    /// `rounds` of the bootstrap, 0 for none; `column` is what the outcomes' strata are values of.
    pub fn new(outcomes: &[Outcome], scheme: &Scheme, rounds: usize, column: Option<&str>) -> Self {
        let whole = Part::new(&outcomes.iter().collect::<Vec<_>>(), scheme, rounds);
        let strata = column.map(|column| {
            let mut parts: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
            for outcome in outcomes {
                parts.entry(outcome.stratum.clone().unwrap_or_default()).or_default().push(outcome);
            }
            let parts = parts.into_iter().map(|(value, part)| (value, Part::new(&part, scheme, rounds)));
            (column.to_string(), parts.collect())
        });
        let operating_point = scheme.operating_points.get(scheme.in_force);
        Self {
            whole,
            strata,
            operating_point: operating_point.map_or(String::new(), |(name, _)| name.clone()),
        }
    }

    /// One object: the whole, and under `strata` each part.
    pub fn json(&self, unreadable: usize, labels: &Labels) -> Result<Value, serde_json::Error> {
        let mut object = self.whole.json()?;
        object.insert("unreadable".into(), unreadable.into());
        object.insert("repeated_rows".into(), labels.repeated.into());
        object.insert("rows_without_class".into(), labels.without_class.into());
        object.insert("operating_point".into(), self.operating_point.clone().into());
        if let Some((column, parts)) = &self.strata {
            let parts: Result<Map<_, _>, _> =
                parts.iter().map(|(value, part)| Ok((value.clone(), part.json()?.into()))).collect();
            object.insert("stratified_by".into(), column.clone().into());
            object.insert("strata".into(), parts?.into());
        }
        Ok(object.into())
    }

    /// What the screen shows first, then what the network is worth.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\nWhat the screen shows at `{}`, as shares of the pictures:", self.operating_point)?;
        self.whole.print_shown(out)?;
        self.print_reasons(out)?;
        if let Some((column, parts)) = &self.strata {
            for (value, part) in parts {
                let value = if value.is_empty() { "(empty)" } else { value };
                writeln!(out, "\n{column} {value}: {} pictures", part.n)?;
                part.print_shown(out)?;
            }
        }
        writeln!(out, "\nFigures:")?;
        self.whole.print_figures(out)
    }

    fn print_reasons(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(all) = self.whole.metrics.shown.get("all").filter(|all| all.retake > 0.0) else {
            return Ok(());
        };
        let reasons =
            all.retake_reasons.iter().map(|(why, share)| format!("{} {share:.3}", why.replace('_', " ")));
        writeln!(out, "  retake, of all: {}", reasons.collect::<Vec<_>>().join(", "))
    }
}
