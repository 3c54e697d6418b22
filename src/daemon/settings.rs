//! How captures are read: what the configuration says, what was said since, and what the model allows.

use crate::classifier::{Manifest, Setting};

/// What the device knows of the model that is loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Its operating points by name.
    pub operating_points: Vec<String>,
    /// Whether it says which prevalence its probabilities are true for.
    pub has_prevalence: bool,
}

impl ModelFacts {
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            operating_points: manifest.operating_points.iter().map(|point| point.name.clone()).collect(),
            has_prevalence: manifest.calibration.prevalence.is_some(),
        }
    }

    /// Whether captures can be read by this, or why not.
    pub fn allows(&self, setting: &Setting) -> Result<(), String> {
        let points = &self.operating_points;
        if points.is_empty() {
            return Err("the model is not loaded yet; try again".into());
        }
        if !points.contains(&setting.operating_point) {
            let known = points.join(", ");
            return Err(format!(
                "no operating point called `{}`; the model has {known}",
                setting.operating_point
            ));
        }
        if setting.prevalence.is_some() && !self.has_prevalence {
            return Err("the model does not say which prevalence it was calibrated on".into());
        }
        Ok(())
    }

    /// The operating point after that one, where there is another.
    pub fn point_after(&self, name: &str) -> Option<&String> {
        let at = self.operating_points.iter().position(|point| point == name)?;
        self.operating_points.iter().cycle().nth(at + 1).filter(|next| *next != name)
    }
}

/// How the next captures are read.
#[derive(Clone, Debug)]
pub struct Settings {
    pub now: Setting,
    /// What the configuration says.
    configured: Setting,
    pub model: ModelFacts,
}

impl Settings {
    pub fn new(configured: Setting) -> Self {
        Self { now: configured.clone(), configured, model: ModelFacts::default() }
    }

    /// Decides at the model's next operating point from now on; false where there is no other.
    pub fn next_point(&mut self) -> bool {
        let next = self.model.point_after(&self.now.operating_point).cloned();
        let there_is = next.is_some();
        self.now.operating_point = next.unwrap_or_else(|| self.now.operating_point.clone());
        there_is
    }

    /// As the configuration says, again.
    pub fn restore(&mut self) {
        self.now = self.configured.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(points: &[&str]) -> Settings {
        let mut settings = Settings::new(Setting::default());
        let operating_points = points.iter().map(|point| point.to_string()).collect();
        settings.model = ModelFacts { operating_points, has_prevalence: false };
        settings
    }

    #[test]
    fn operating_points_come_round_and_are_the_configured_one_after_a_while() {
        let mut settings = settings(&["screening", "balanced", "strict"]);
        let names: Vec<_> = (0..4)
            .map(|_| {
                assert!(settings.next_point());
                settings.now.operating_point.clone()
            })
            .collect();
        assert_eq!(names, ["balanced", "strict", "screening", "balanced"]);
        settings.restore();
        assert_eq!(settings.now, Setting::default());
    }

    #[test]
    fn a_model_with_one_point_or_none_keeps_it() {
        for points in [&["screening"][..], &[]] {
            let mut settings = settings(points);
            assert!(!settings.next_point());
            assert_eq!(settings.now, Setting::default());
        }
    }

    #[test]
    fn what_the_model_does_not_have_is_refused() {
        let known = settings(&["screening"]).model;
        assert!(known.allows(&Setting::default()).is_ok());
        let guess = Setting { operating_point: "guess".into(), ..Setting::default() };
        assert!(known.allows(&guess).unwrap_err().contains("the model has screening"));
        let stated = Setting { prevalence: Some(0.02), ..Setting::default() };
        assert!(known.allows(&stated).unwrap_err().contains("does not say"));
        assert!(ModelFacts::default().allows(&Setting::default()).unwrap_err().contains("not loaded"));
    }
}
