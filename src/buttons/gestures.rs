//! Gestures: what a person means by edges in time. Pure: the caller brings the edges and the clock.
//!
//! Bounces are the kernel's to remove ([`super::ButtonsConfig::debounce_ms`]); what still comes through, and
//! edges that were lost, may cost a gesture but never leave a button stuck.

use std::time::Duration;

use super::{Button, ButtonsConfig, Edge};

/// What a person did with a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gesture {
    /// Pressed and let go before it became long. Comes on release.
    Short(Button),
    /// Held for `long_ms`. Comes while still held.
    Long(Button),
    /// Held for `very_long_ms`. Comes while still held, after its `Long`.
    VeryLong(Button),
    /// Held for two and a half times as long as that: by nobody by accident. Comes while still held, after its `VeryLong`.
    Longest(Button),
}

/// How far a press has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Short,
    Long,
    VeryLong,
    Longest,
}

/// A button that is down.
#[derive(Clone, Copy, Debug)]
struct Press {
    button: Button,
    since: Duration,
    stage: Stage,
}

/// Recognises gestures. All times are on one monotonic clock; a time before an earlier one counts as no time.
#[derive(Clone, Debug)]
pub struct Gestures {
    long: Duration,
    very_long: Duration,
    longest: Duration,
    /// The buttons that are down, first pressed first.
    down: Vec<Press>,
}

impl Gestures {
    /// With no button down, and the configuration's `long_ms` and `very_long_ms`.
    pub fn new(config: &ButtonsConfig) -> Self {
        let [long, very_long] =
            [config.long_ms, config.very_long_ms].map(|ms| Duration::from_millis(ms.into()));
        Self { long, very_long, longest: very_long * 5 / 2, down: Vec::new() }
    }

    /// Takes an edge, and returns the gestures that are complete by `now`, in the order they came about.
    /// A press of a button that is down means that its release was lost: the press starts anew.
    /// A release of a button that is up means nothing.
    #[must_use]
    pub fn edge(&mut self, edge: Edge, now: Duration) -> Vec<Gesture> {
        let mut gestures = self.tick(now);
        let was_down = self.down.iter().position(|press| press.button == edge.button);
        let before = was_down.map(|index| self.down.remove(index));
        match (edge.pressed, before) {
            (true, _) => self.down.push(Press { button: edge.button, since: now, stage: Stage::Short }),
            (false, Some(Press { stage: Stage::Short, .. })) => gestures.push(Gesture::Short(edge.button)),
            (false, _) => {}
        }
        gestures
    }

    /// Returns the gestures that have come about by holding since the last call. The gestures do not depend on
    /// how often this is called, only how soon they are seen.
    #[must_use]
    pub fn tick(&mut self, now: Duration) -> Vec<Gesture> {
        let mut due = Vec::new();
        for press in &mut self.down {
            let stages =
                [(self.long, Stage::Long), (self.very_long, Stage::VeryLong), (self.longest, Stage::Longest)];
            for (after, stage) in stages {
                if press.stage < stage && now.saturating_sub(press.since) >= after {
                    press.stage = stage;
                    due.push((press.since + after, press.button, stage));
                }
            }
        }
        due.sort_by_key(|(at, ..)| *at);
        due.into_iter()
            .map(|(_, button, stage)| match stage {
                Stage::VeryLong => Gesture::VeryLong(button),
                Stage::Longest => Gesture::Longest(button),
                _ => Gesture::Long(button),
            })
            .collect()
    }

    /// The button that has been down longest, and for how long.
    pub fn held(&self, now: Duration) -> Option<(Button, Duration)> {
        self.down.first().map(|press| (press.button, now.saturating_sub(press.since)))
    }

    /// How far the longest press has got towards `Long`, from 0 to 1; nothing while no button is down.
    pub fn towards_long(&self, now: Duration) -> Option<(Button, f32)> {
        let (button, held) = self.held(now)?;
        Some((button, (held.as_secs_f32() / self.long.as_secs_f32()).min(1.0)))
    }

    /// How long the longest press must still be held for `Longest`, and how much of that is done, from 0 to 1; nothing while
    /// no button is down.
    pub fn towards_longest(&self, now: Duration) -> Option<(Button, Duration, f32)> {
        let (button, held) = self.held(now)?;
        let share = (held.as_secs_f32() / self.longest.as_secs_f32()).min(1.0);
        Some((button, self.longest.saturating_sub(held), share))
    }

    /// When the next gesture comes about if nothing moves: how long to wait for an edge at most.
    pub fn next_due(&self) -> Option<Duration> {
        let due = |press: &Press| match press.stage {
            Stage::Short => Some(press.since + self.long),
            Stage::Long => Some(press.since + self.very_long),
            Stage::VeryLong => Some(press.since + self.longest),
            Stage::Longest => None,
        };
        self.down.iter().filter_map(due).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAIN: Button = Button::Main;

    fn gestures() -> Gestures {
        Gestures::new(&ButtonsConfig { long_ms: 800, very_long_ms: 4000, ..ButtonsConfig::default() })
    }

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    fn press(button: Button) -> Edge {
        Edge { button, pressed: true }
    }

    fn release(button: Button) -> Edge {
        Edge { button, pressed: false }
    }

    #[test]
    fn a_short_press_comes_on_release() {
        let mut gestures = gestures();
        assert_eq!(gestures.edge(press(MAIN), ms(0)), []);
        assert_eq!(gestures.tick(ms(799)), []);
        assert_eq!(gestures.edge(release(MAIN), ms(799)), [Gesture::Short(MAIN)]);
        assert_eq!(gestures.held(ms(900)), None);
    }

    #[test]
    fn a_long_press_comes_while_held_and_its_release_says_nothing() {
        let mut gestures = gestures();
        assert_eq!(gestures.edge(press(MAIN), ms(100)), []);
        assert_eq!(gestures.next_due(), Some(ms(900)));
        assert_eq!(gestures.tick(ms(899)), []);
        assert_eq!(gestures.tick(ms(900)), [Gesture::Long(MAIN)]);
        assert_eq!(gestures.tick(ms(901)), []);
        assert_eq!(gestures.edge(release(MAIN), ms(1000)), []);
    }

    #[test]
    fn a_very_long_press_follows_its_long_press() {
        let mut gestures = gestures();
        let _ = gestures.edge(press(MAIN), ms(0));
        assert_eq!(gestures.tick(ms(800)), [Gesture::Long(MAIN)]);
        assert_eq!(gestures.tick(ms(4000)), [Gesture::VeryLong(MAIN)]);
        assert_eq!(gestures.next_due(), Some(ms(10_000)));
        assert_eq!(gestures.towards_longest(ms(7500)), Some((MAIN, ms(2500), 0.75)));
        assert_eq!(gestures.tick(ms(10_000)), [Gesture::Longest(MAIN)]);
        assert_eq!(gestures.next_due(), None);
        assert_eq!(gestures.tick(ms(60_000)), []);
        assert_eq!(gestures.edge(release(MAIN), ms(60_001)), []);
    }

    #[test]
    fn a_release_seen_late_still_tells_how_long_the_press_was() {
        let mut gestures = gestures();
        let _ = gestures.edge(press(MAIN), ms(0));
        assert_eq!(gestures.edge(release(MAIN), ms(5000)), [Gesture::Long(MAIN), Gesture::VeryLong(MAIN)]);
    }

    #[test]
    fn each_button_is_recognised_by_itself_and_the_first_one_held_is_reported() {
        let mut gestures = gestures();
        let _ = gestures.edge(press(Button::Next), ms(0));
        let _ = gestures.edge(press(MAIN), ms(100));
        assert_eq!(gestures.held(ms(300)), Some((Button::Next, ms(300))));
        assert_eq!(gestures.edge(release(Button::Next), ms(400)), [Gesture::Short(Button::Next)]);
        assert_eq!(gestures.held(ms(500)), Some((MAIN, ms(400))));
        assert_eq!(gestures.towards_long(ms(500)), Some((MAIN, 0.5)));
        assert_eq!(gestures.tick(ms(900)), [Gesture::Long(MAIN)]);
    }

    #[test]
    fn a_lost_release_costs_a_press_but_not_the_button() {
        let mut gestures = gestures();
        let _ = gestures.edge(press(MAIN), ms(0));
        assert_eq!(gestures.edge(press(MAIN), ms(500)), []);
        assert_eq!(gestures.edge(release(MAIN), ms(600)), [Gesture::Short(MAIN)]);
    }

    #[test]
    fn a_lost_press_makes_its_release_mean_nothing() {
        assert_eq!(gestures().edge(release(MAIN), ms(5)), []);
    }

    fn any_edges() -> impl Strategy<Value = Vec<(Edge, u64)>> {
        let button =
            prop_oneof![Just(Button::Main), Just(Button::Next), Just(Button::Previous), Just(Button::Back)];
        let edge = (button, any::<bool>()).prop_map(|(button, pressed)| Edge { button, pressed });
        prop::collection::vec((edge, 0_u64..6000), 0..40)
    }

    proptest! {
        #[test]
        fn gestures_do_not_depend_on_how_often_one_asks(edges in any_edges(), pace in 1_u64..500) {
            let (mut lazy, mut eager) = (gestures(), gestures());
            let (mut seen_lazily, mut seen_eagerly) = (Vec::new(), Vec::new());
            let mut now = 0;
            for (edge, pause) in edges {
                for step in (0..pause).step_by(pace as usize) {
                    seen_eagerly.extend(eager.tick(ms(now + step)));
                }
                now += pause;
                seen_lazily.extend(lazy.edge(edge, ms(now)));
                seen_eagerly.extend(eager.edge(edge, ms(now)));
            }
            prop_assert_eq!(seen_lazily, seen_eagerly);
        }

        #[test]
        fn after_any_edges_at_all_a_clean_press_is_recognised(edges in any_edges()) {
            let mut gestures = gestures();
            let mut now = 0;
            for (edge, pause) in edges {
                // The clock may even jump back.
                now = if pause % 7 == 0 { now / 2 } else { now + pause };
                let _ = gestures.edge(edge, ms(now));
            }
            let _ = gestures.edge(press(MAIN), ms(now + 1));
            let end = gestures.edge(release(MAIN), ms(now + 101));
            prop_assert_eq!(end.iter().filter(|gesture| **gesture == Gesture::Short(MAIN)).count(), 1);
            prop_assert!(!end.contains(&Gesture::Long(MAIN)));
        }

        #[test]
        fn a_press_gives_a_short_or_a_long_never_both(edges in any_edges()) {
            let mut gestures = gestures();
            let mut now = 0;
            let mut presses = 0;
            let mut shorts_and_longs = 0;
            for (edge, pause) in edges {
                now += pause;
                presses += usize::from(edge.pressed);
                let seen = gestures.edge(edge, ms(now));
                shorts_and_longs += seen.iter().filter(|gesture| !matches!(gesture, Gesture::VeryLong(_) | Gesture::Longest(_))).count();
            }
            prop_assert!(shorts_and_longs <= presses);
        }
    }
}
