use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;

/// A lamp that remembers, and that breaks when told to be 13 % bright.
#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<Vec<u8>>>);

impl Recorded {
    fn levels(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Backlight for Recorded {
    fn set(&mut self, percent: u8) -> Result<(), String> {
        self.0.lock().unwrap().push(percent);
        if percent == 13 { Err("burnt out".into()) } else { Ok(()) }
    }
}

/// Both rings, each on a PWM channel, and what their lamps were told.
fn both(percent: u8) -> (Light, [Recorded; 2]) {
    let on = |channel: &str| RingConfig { line: None, pwm: Some(channel.into()) };
    let config = LightConfig {
        polarised: on("pwm0"),
        unpolarised: on("pwm1"),
        brightness: percent,
        ..LightConfig::default()
    };
    let mut light = Light::opened_by(&config, |_, _| panic!("it is open already"));
    let lamps = [Recorded::default(), Recorded::default()];
    for (fitted, lamp) in light.lamps.iter_mut().zip(&lamps) {
        fitted.lamp = Some(Box::new(lamp.clone()));
    }
    (light, lamps)
}

#[test]
fn a_ring_is_written_to_only_when_it_changes_and_is_dark_in_the_end() {
    let (mut light, [lamp, other]) = both(60);
    assert_eq!(light.lit(), None);
    for lit in [false, true, true, false, true] {
        light.set(lit);
    }
    assert_eq!(light.lit(), Some(Lit { ring: Ring::Polarised, percent: 60 }));
    drop(light);
    assert_eq!((lamp.levels(), other.levels()), (vec![60, 0, 60, 0], vec![]));
}

#[test]
fn one_ring_at_a_time_is_lit_and_a_switch_takes_the_other() {
    let (mut light, [polarised, unpolarised]) = both(100);
    light.set(true);
    assert_eq!(light.choice(), Some(Ring::Polarised));
    light.switch();
    assert_eq!((light.choice(), light.lit()), (Some(Ring::Unpolarised), None), "not lit before it is set");
    light.set(true);
    assert_eq!(light.lit(), Some(Lit { ring: Ring::Unpolarised, percent: 100 }));
    assert_eq!((polarised.levels(), unpolarised.levels()), (vec![100, 0], vec![100]));
    light.switch();
    assert_eq!(light.choice(), Some(Ring::Polarised));
}

#[test]
fn a_ring_that_breaks_lights_no_picture() {
    let (mut light, _) = both(13);
    light.set(true);
    assert_eq!(light.lit(), None);
}

#[test]
fn a_ring_that_cannot_be_had_at_first_is_tried_again() {
    let polarised = RingConfig { line: Some(12), pwm: None };
    let config = LightConfig { polarised, ..LightConfig::default() };
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let mut light = Light::opened_by(&config, |_, _| match TRIES.fetch_add(1, Ordering::SeqCst) {
        0 => Err(LightError { device: "pin".into(), cause: "busy".into(), cure: "wait".into() }),
        _ => Ok(Box::new(Recorded::default())),
    });
    light.set(true);
    light.set(true);
    assert_eq!((light.lit(), TRIES.load(Ordering::SeqCst)), (None, 1), "not at once");
    light.lamps[0].patience = Patience::default();
    light.set(true);
    assert_eq!(light.lit(), Some(Lit { ring: Ring::Polarised, percent: 100 }));
}

#[test]
fn without_a_ring_nothing_is_lit_and_nothing_can_be_switched() {
    let mut light = Light::new(&LightConfig::default());
    light.switch();
    light.set(true);
    assert_eq!((light.lit(), light.choice()), (None, None));
}

#[test]
fn a_channel_that_is_not_there_is_named_with_its_cure() {
    let unpolarised = RingConfig { line: None, pwm: Some("/no/such/chip/pwm0".into()) };
    let config = LightConfig { unpolarised, ..LightConfig::default() };
    let error = open(&config, Ring::Unpolarised).err().unwrap().to_string();
    assert!(
        error.contains("/no/such/chip/pwm0: cannot drive the light") && error.contains("dtoverlay=pwm"),
        "{error}"
    );
}
