//! The rule book's tests: each named after what a person with the device in hand would see.

use std::sync::Arc;

use image::RgbImage;
use proptest::prelude::*;

use super::*;
use crate::case::Case;
use crate::classifier::{Assessment, Attention, Doubt, Malignant, ModelId, Timings};
use crate::examiner::Examination;
use crate::picture::{Encoded, Encoding, Region};
use crate::quality::{Quality, Reason};
use crate::reading::{Capture, Earlier};
use crate::screens::{About, Hint};
use crate::verdict::{Verdict, Why, judge};

fn capture() -> Arc<Capture> {
    Arc::new(Capture {
        pixels: RgbImage::new(8, 8),
        encoded: Encoded { encoding: Encoding::Png, bytes: Arc::from([]) },
        field_of_view: Region { x: 0, y: 0, width: 8, height: 8 },
        captured_at: jiff::Timestamp::UNIX_EPOCH,
        clock_set: false,
        light: None,
        case: Case::default(),
        earlier: None,
    })
}

fn reading(capture: &Arc<Capture>, doubts: Vec<Doubt>) -> Arc<Reading> {
    examined(capture, vec![], doubts)
}

fn examined(capture: &Arc<Capture>, reasons: Vec<Reason>, doubts: Vec<Doubt>) -> Arc<Reading> {
    let assessment = Assessment {
        probabilities: vec![],
        malignant: Malignant {
            probability: 0.4,
            operating_point: "screening".into(),
            threshold: 0.3,
            ..Malignant::default()
        },
        doubts,
        strangeness: 0.0,
        attention: Attention { size: 0, values: vec![] },
        model: ModelId::default(),
        timings: Timings::default(),
    };
    let quality = Quality { reasons, ..Quality::default() };
    let judgement = judge(&quality, &assessment, false);
    let examination = Examination { quality, assessment, judgement, quality_ms: 0.0 };
    Arc::new(Reading::new(capture.clone(), examination))
}

/// Steps through events; the effects of the last.
fn after(state: State, events: impl IntoIterator<Item = Event>) -> (State, Vec<Effect>) {
    events.into_iter().fold((state, vec![]), |(state, _), event| step(state, event))
}

fn press(gesture: Gesture) -> Event {
    Event::Gesture(gesture)
}

fn result(saved: Saved) -> State {
    State::Result { reading: reading(&capture(), vec![]), saved, page: Page::Reading }
}

fn past(age: u64) -> Past {
    let shown = PastReading { reading: reading(&capture(), vec![]), picture_fault: None };
    Past { shown: Ok(shown), sequence: Some(9 - age), age, total: 9 }
}

#[test]
fn a_self_test_that_passes_opens_the_viewfinder() {
    let (state, effects) = start();
    assert_eq!(effects.len(), CHECKS.len());
    let (state, _) = after(state, CHECKS.map(|part| Event::Checked(part, Ok(()))));
    assert!(matches!(state, State::Viewfinder));
}

#[test]
fn the_self_test_waits_for_every_part() {
    let (state, _) =
        after(start().0, [Event::Checked(Part::Model, Ok(())), Event::Checked(Part::Camera, Ok(()))]);
    assert!(matches!(state, State::SelfTest { .. }));
}

#[test]
fn without_a_model_a_press_goes_on_to_the_live_picture_and_the_next_one_tries_again() {
    let outcome =
        |part| Event::Checked(part, if part == Part::Model { Err("bad hash".into()) } else { Ok(()) });
    let (state, _) = after(start().0, CHECKS.map(outcome));
    assert!(matches!(&state, State::Fault(Fault { part: Part::Model, cause, .. }) if cause == "bad hash"));
    let (state, _) = step(state, press(Short(Main)));
    assert!(matches!(state, State::Viewfinder));
    let (state, effects) = step(state, Event::Captured(capture()));
    assert!(matches!(effects[..], [Effect::Analyse(_)]));
    let (state, _) = step(state, Event::ReadFailed("still bad".into()));
    assert!(matches!(&state, State::Fault(Fault { cause, .. }) if cause == "still bad"));
}

#[test]
fn of_several_faults_each_is_told_and_then_the_device_goes_on() {
    let outcome = |part: Part| Event::Checked(part, Err(format!("{} is broken", part.name())));
    let (mut state, _) = after(start().0, CHECKS.map(outcome));
    for part in [Part::Settings, Part::Model, Part::Camera] {
        let State::Fault(fault) = &state else { panic!("{state:?}") };
        assert_eq!((fault.part, &fault.cause), (part, &format!("{} is broken", part.name())));
        (state, _) = step(state, press(Short(Main)));
    }
    assert!(matches!(state, State::SelfTest { .. }), "a camera that is lost is looked for again");
}

#[test]
fn without_storage_the_device_still_reads() {
    let outcome =
        |part| Event::Checked(part, if part == Part::Storage { Err("full".into()) } else { Ok(()) });
    assert!(matches!(after(start().0, CHECKS.map(outcome)).0, State::Viewfinder));
}

#[test]
fn back_changes_the_light_in_the_viewfinder_and_nowhere_else() {
    let (state, effects) = step(State::Viewfinder, press(Short(Back)));
    assert!(matches!((state, &effects[..]), (State::Viewfinder, [Effect::SwitchRing])));
    let (_, effects) = step(result(Saved::Saved(1)), press(Short(Back)));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::SwitchRing)));
}

#[test]
fn a_press_leads_to_a_result_that_is_saved() {
    let (state, effects) = step(State::Viewfinder, press(Short(Main)));
    assert!(matches!(effects[..], [Effect::Capture]));
    let capture = capture();
    let (state, effects) = step(state, Event::Captured(capture.clone()));
    assert!(matches!(effects[..], [Effect::Analyse(_)]));
    let reading = reading(&capture, vec![]);
    let (state, effects) = step(state, Event::Read(reading.clone()));
    assert!(matches!(&state, State::Result { saved: Saved::Pending, page: Page::Reading, .. }));
    assert!(matches!(effects[..], [Effect::Save(_)]));
    let (state, _) = step(state, Event::Stored(reading, Saved::Saved(1)));
    assert!(matches!(state, State::Result { saved: Saved::Saved(1), .. }));
}

#[test]
fn a_failure_to_save_is_shown_and_the_reading_stays_until_it_is_saved_after_all() {
    let capture = capture();
    let reading = reading(&capture, vec![]);
    let read =
        [Event::Read(reading.clone()), Event::Stored(reading.clone(), Saved::Failed("disk full".into()))];
    let (state, _) = after(State::Analysing { capture }, read);
    let (state, _) = step(state, Event::Idle);
    assert!(matches!(&state, State::Result { saved: Saved::Failed(_), .. }), "it must not go dark");
    let (state, _) = step(state, Event::Stored(reading, Saved::Saved(7)));
    assert!(matches!(state, State::Result { saved: Saved::Saved(7), .. }));
}

#[test]
fn the_store_speaking_of_another_reading_says_nothing_of_this_one() {
    let (state, _) =
        step(result(Saved::Pending), Event::Stored(reading(&capture(), vec![]), Saved::Saved(3)));
    assert!(matches!(state, State::Result { saved: Saved::Pending, .. }));
}

#[test]
fn a_picture_of_bad_quality_asks_for_another_with_the_reason() {
    let capture = capture();
    let refused = examined(&capture, vec![Reason::Blurred], vec![]);
    let (state, effects) = step(State::Analysing { capture }, Event::Read(refused));
    assert!(effects.is_empty(), "nothing is saved");
    assert!(
        matches!(&state, State::Retake { reading } if reading.judgement.reasons == [Why::Quality(Reason::Blurred)])
    );
    assert!(matches!(step(state, press(Short(Main))).0, State::Viewfinder));
}

#[test]
fn holding_uses_a_refused_picture_anyway() {
    let retake = State::Retake { reading: examined(&capture(), vec![Reason::Glare], vec![]) };
    let (state, effects) = step(retake, press(Long(Main)));
    assert!(matches!(&state, State::Result { reading, .. } if reading.verdict() == Verdict::Uncertain));
    assert!(matches!(&effects[..], [Effect::Save(reading)] if reading.overridden));
}

#[test]
fn what_is_no_lesion_is_refused_and_used_anyway_only_as_overridden() {
    let capture = capture();
    let strange = reading(&capture, vec![Doubt::OutOfDistribution]);
    let (state, effects) = step(State::Analysing { capture }, Event::Read(strange));
    assert!(matches!(&state, State::Retake { reading } if reading.judgement.verdict.is_none()));
    assert!(effects.is_empty());
    let (state, effects) = step(state, press(Long(Main)));
    assert!(matches!(&state, State::Result { reading, .. } if reading.overridden));
    assert!(matches!(&effects[..], [Effect::Save(reading)] if reading.overridden));
}

#[test]
fn one_button_walks_through_the_pages_and_back_to_the_viewfinder() {
    let mut state = result(Saved::Saved(1));
    for page in [Page::Attention, Page::Details] {
        state = step(state, press(Short(Main))).0;
        assert!(matches!(&state, State::Result { page: shown, .. } if *shown == page));
    }
    assert!(matches!(step(state, press(Short(Main))).0, State::Viewfinder));
}

#[test]
fn holding_next_lists_what_is_due_and_any_press_goes_back() {
    let (state, effects) = step(State::Viewfinder, press(Long(Next)));
    assert!(matches!(effects[..], [Effect::ListDue]));
    let (state, _) = step(state, Event::DueListed(vec!["2026-03-02 AB-12 L1".to_string()].into()));
    assert!(matches!(&state, State::Due { lesions } if lesions.len() == 1));
    assert!(matches!(step(state.clone(), press(Short(Main))).0, State::Viewfinder));
    assert!(matches!(step(state, Event::Idle).0, State::Asleep));
    let late = step(State::NoHistory, Event::DueListed(Vec::new().into())).0;
    assert!(matches!(late, State::NoHistory), "an answer that comes too late");
}

#[test]
fn a_lesion_that_was_seen_before_has_a_page_before_and_now() {
    let earlier = Earlier { reading: (*reading(&capture(), vec![])).clone(), sequence: 3, outline: None };
    let capture = Arc::new(Capture { earlier: Some(Arc::new(earlier)), ..(*capture()).clone() });
    let reading = reading(&capture, vec![]);
    let mut state = State::Result { reading, saved: Saved::Saved(9), page: Page::Reading };
    for page in [Page::Compare, Page::Attention, Page::Details] {
        state = step(state, press(Short(Main))).0;
        assert!(matches!(&state, State::Result { page: shown, .. } if *shown == page));
    }
    state = step(state, press(Short(Previous))).0;
    assert!(matches!(&state, State::Result { page: Page::Attention, .. }));
    assert!(matches!(after(state, [press(Short(Main)), press(Short(Main))]).0, State::Viewfinder));
}

#[test]
fn one_button_walks_through_the_history_and_out_of_it() {
    let (state, effects) = step(State::Viewfinder, press(Long(Main)));
    assert!(matches!(effects[..], [Effect::Recall(0)]));
    let (state, _) = step(state, Event::Recalled(0, Some(past(0))));
    let (state, effects) = step(state, press(Short(Main)));
    assert!(matches!(effects[..], [Effect::Recall(1)]));
    let (state, _) = step(state, Event::Recalled(1, Some(past(1))));
    assert!(matches!(&state, State::History { past, .. } if past.age == 1));
    let (end, _) = after(state.clone(), [press(Short(Main)), Event::Recalled(2, None)]);
    assert!(matches!(end, State::Viewfinder), "past the oldest");
    assert!(matches!(step(state, press(Long(Main))).0, State::Viewfinder));
}

fn about() -> About {
    About { device: "0123456789abcdef".into(), public_key: "ab".repeat(32), records: 9, only_here: 2 }
}

/// From the live picture to the question whether to wipe, by holding the one button again and again.
fn asked_to_wipe() -> State {
    let (state, effects) =
        after(State::Viewfinder, [press(Long(Main)), Event::Recalled(0, Some(past(0))), press(Long(Main))]);
    assert!(matches!(effects[..], [Effect::Introduce]), "{effects:?}");
    let (state, _) = step(state, Event::Introduced(Ok(about())));
    assert!(matches!(&state, State::About(shown) if *shown == about()));
    step(state, press(Long(Main))).0
}

#[test]
fn the_device_is_wiped_by_holding_the_button_anew_for_the_longest_time_and_by_nothing_else() {
    let state = asked_to_wipe();
    assert!(matches!(state, State::Wipe { counting: false, .. }));
    // The press that led there is held on: it switches off, as anywhere.
    let (off, effects) = step(state.clone(), press(VeryLong(Main)));
    assert!(matches!(off, State::Off) && matches!(effects[..], [Effect::ShutDown]));
    let (state_after, effects) = step(state.clone(), press(Longest(Main)));
    assert!(matches!(state_after, State::Wipe { .. }) && effects.is_empty());
    for other in [Back, Next, Previous] {
        let (kept, effects) =
            after(state.clone(), [press(Long(other)), press(VeryLong(other)), press(Longest(other))]);
        assert!(matches!(kept, State::Viewfinder) && effects.is_empty(), "{other:?}");
    }
    // Let go in time: all is kept, and a press leaves.
    let (state, _) = after(state, [press(Long(Main)), press(VeryLong(Main))]);
    assert!(matches!(state, State::Wipe { counting: true, .. }));
    assert!(matches!(step(state.clone(), press(Short(Main))).0, State::Viewfinder));
    let (state, effects) = step(state, press(Longest(Main)));
    assert!(matches!(state, State::Wiping) && matches!(effects[..], [Effect::Wipe]));
    let (wiped, effects) = step(state.clone(), Event::Wiped(Ok(())));
    assert!(matches!(wiped, State::Viewfinder));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Case(case) if case.is_none())));
    let (failed, _) = step(state, Event::Wiped(Err("somebody reads".into())));
    assert!(matches!(&failed, State::Fault(Fault { cause, .. }) if cause == "somebody reads"));
}

#[test]
fn the_question_whether_to_wipe_is_left_alone_for_sleep() {
    assert!(matches!(step(asked_to_wipe(), Event::Idle).0, State::Asleep));
}

#[test]
fn an_empty_history_says_so() {
    let (state, _) = after(State::Viewfinder, [press(Long(Main)), Event::Recalled(0, None)]);
    assert!(matches!(state, State::NoHistory));
    assert!(matches!(step(state, press(Short(Main))).0, State::Viewfinder));
}

#[test]
fn a_history_that_cannot_be_read_is_a_fault_that_a_press_leaves() {
    let (state, _) = step(State::Viewfinder, Event::RecallFailed("I/O error".into()));
    assert!(matches!(&state, State::Fault(Fault { part: Part::Storage, .. })));
    assert!(matches!(step(state, press(Short(Main))).0, State::Viewfinder));
}

#[test]
fn a_lost_camera_is_a_fault_that_ends_by_itself() {
    let (state, _) = step(State::Viewfinder, Event::CameraLost("unplugged".into()));
    assert!(matches!(&state, State::Fault(Fault { part: Part::Camera, .. })));
    assert!(matches!(step(state, Event::CameraBack).0, State::Viewfinder));
}

#[test]
fn a_lost_camera_does_not_take_a_result_from_the_screen() {
    let (state, _) = step(result(Saved::Pending), Event::CameraLost("unplugged".into()));
    assert!(matches!(&state, State::Result { .. }));
    let (_, effects) = step(state, press(Long(Main)));
    assert!(matches!(effects[..], [Effect::AskCamera]), "the viewfinder learns of it");
}

#[test]
fn a_press_without_a_fresh_frame_takes_nothing() {
    let (state, effects) = after(State::Viewfinder, [press(Short(Main)), Event::NoFrame]);
    assert!(matches!(state, State::Viewfinder));
    assert!(matches!(effects[..], [Effect::Say(Note::NoFrame)]), "and the press is answered");
}

#[test]
fn holding_back_on_the_live_picture_changes_the_operating_point_and_nowhere_else() {
    let (state, effects) = step(State::Viewfinder, press(Long(Back)));
    assert!(matches!((state, &effects[..]), (State::Viewfinder, [Effect::NextPoint])));
    for state in [result(Saved::Saved(1)), State::NoHistory, State::Analysing { capture: capture() }] {
        let (_, effects) = step(state, press(Long(Back)));
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::NextPoint)));
    }
}

#[test]
fn after_a_while_without_a_touch_readings_are_made_as_configured_again() {
    for state in [State::Viewfinder, result(Saved::Failed("full".into())), State::NoHistory] {
        let (_, effects) = step(state, Event::Idle);
        assert!(effects.iter().any(|effect| matches!(effect, Effect::RestoreSetting)));
    }
}

#[test]
fn a_record_that_is_deleted_leaves_the_screen_and_another_does_not() {
    for state in [result(Saved::Saved(7)), State::History { past: past(2), page: Page::Details }] {
        assert!(matches!(
            step(state.clone(), Event::Deleted(6)).0,
            State::Result { .. } | State::History { .. }
        ));
        let (state, effects) = step(state, Event::Deleted(7));
        assert!(matches!(state, State::Viewfinder));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Say(Note::Deleted))));
    }
}

#[test]
fn a_bad_record_keeps_its_place_and_the_one_before_it_is_reached() {
    let bad = Past { shown: Err("missing field".into()), sequence: None, age: 1, total: 9 };
    let (state, _) =
        step(State::History { past: past(0), page: Page::Reading }, Event::Recalled(1, Some(bad)));
    let (state, effects) = step(state, press(Short(Main)));
    assert!(matches!(effects[..], [Effect::Recall(2)]));
    let (state, _) = step(state, Event::Recalled(2, Some(past(2))));
    assert!(matches!(&state, State::History { past, .. } if past.age == 2));
}

#[test]
fn left_alone_the_device_sleeps_and_any_press_wakes_it() {
    let (state, _) = step(State::Viewfinder, Event::Idle);
    assert!(matches!(state, State::Asleep));
    let (state, effects) = step(state, press(Short(Main)));
    assert!(matches!(state, State::Viewfinder) && !matches!(effects[..], [Effect::Capture]));
}

fn any_event() -> impl Strategy<Value = Event> {
    let shared = capture();
    let other = capture();
    let buttons = prop::sample::select(vec![Main, Next, Previous, crate::buttons::Button::Back]);
    let gesture = (buttons, 0..13).prop_map(|(button, kind)| match kind {
        0 => VeryLong(button),
        12 => Longest(button),
        1..4 => Long(button),
        _ => Short(button),
    });
    let captures = prop::sample::select(vec![shared, other]);
    let saved = prop::sample::select(vec![Saved::Saved(1), Saved::Failed("full".into())]);
    prop_oneof![
        4 => gesture.prop_map(Event::Gesture),
        2 => captures.clone().prop_map(Event::Captured),
        1 => captures.clone().prop_map(|c| Event::Read(examined(&c, vec![Reason::TooDark], vec![]))),
        2 => (captures.clone(), any::<bool>()).prop_map(|(c, strange)| {
            Event::Read(reading(&c, if strange { vec![Doubt::OutOfDistribution] } else { vec![] }))
        }),
        1 => (captures, saved).prop_map(|(c, saved)| Event::Stored(reading(&c, vec![]), saved)),
        1 => (0..3usize, any::<bool>()).prop_map(|(part, ok)| {
            Event::Checked(CHECKS[part], if ok { Ok(()) } else { Err("broken".into()) })
        }),
        1 => (0..3u64, any::<bool>()).prop_map(|(age, some)| Event::Recalled(age, some.then(|| past(age)))),
        1 => prop::sample::select(vec![
            Event::CameraLost("gone".into()), Event::CameraBack, Event::NoFrame, Event::Idle,
            Event::ReadFailed("bad".into()), Event::RecallFailed("bad".into()),
            Event::Introduced(Ok(about())), Event::Introduced(Err("bad".into())),
            Event::Wiped(Ok(())), Event::Wiped(Err("bad".into())),
        ]),
    ]
}

/// What a person sees of a state, roughly.
fn seen(state: &State) -> String {
    match state {
        State::Result { page, saved, .. } => format!("result {page:?} {saved:?}"),
        State::History { past, page } => format!("history {} {page:?}", past.age),
        State::Retake { .. } => "retake".into(),
        State::Analysing { .. } => "analysing".into(),
        other => format!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn every_press_is_answered(events in prop::collection::vec(any_event(), 0..40), long: bool, button in 0..4usize) {
        let (state, _) = after(start().0, events);
        prop_assume!(!matches!(state, State::Off));
        let button = [Main, Next, Previous, Back][button];
        let gesture = if long { Long(button) } else { Short(button) };
        // There the countdown answers.
        prop_assume!(!matches!((&state, gesture), (State::Wipe { counting: true, .. }, Long(Main))));
        let before = seen(&state);
        let (state, effects) = step(state, press(gesture));
        prop_assert!(seen(&state) != before || !effects.is_empty(), "{gesture:?} in {before}");
    }

    #[test]
    fn whatever_happens_a_result_is_asked_to_be_saved_when_it_is_first_shown(
        events in prop::collection::vec(any_event(), 0..60)
    ) {
        let mut state = start().0;
        for event in events {
            let fresh = |state: &State| match state {
                State::Result { reading, .. } => Some(Arc::as_ptr(reading)),
                _ => None,
            };
            let before = fresh(&state);
            let (next, effects) = step(state, event);
            let saves = effects.iter().filter(|effect| matches!(effect, Effect::Save(_))).count();
            let shown_anew = fresh(&next).is_some() && fresh(&next) != before;
            prop_assert_eq!(saves, usize::from(shown_anew));
            state = next;
        }
    }

    #[test]
    fn saved_is_only_shown_after_the_store_said_so(events in prop::collection::vec(any_event(), 0..60)) {
        let mut state = start().0;
        for event in events {
            let said = matches!(&event, Event::Stored(_, Saved::Saved(_)));
            let was = matches!(&state, State::Result { saved: Saved::Saved(_), .. });
            state = step(state, event).0;
            if matches!(&state, State::Result { saved: Saved::Saved(_), .. }) {
                prop_assert!(said || was);
            }
        }
    }

    #[test]
    fn from_anywhere_a_few_presses_of_the_one_button_reach_the_viewfinder(
        events in prop::collection::vec(any_event(), 0..60)
    ) {
        let (mut state, _) = after(start().0, events);
        prop_assume!(!matches!(state, State::Off));
        for _ in 0..8 {
            if matches!(state, State::Viewfinder) {
                break;
            }
            // What the device is waiting for comes, and all is well again.
            let answers = match &state {
                State::SelfTest { .. } => CHECKS.map(|part| Event::Checked(part, Ok(()))).to_vec(),
                State::Analysing { capture } => vec![Event::Read(reading(capture, vec![]))],
                State::History { past, .. } if past.age == 0 => {
                    vec![press(Long(Main)), Event::Introduced(Ok(about()))]
                }
                State::History { .. } => vec![press(Long(Main))],
                State::Wiping => vec![Event::Wiped(Ok(()))],
                _ => vec![press(Short(Main))],
            };
            state = after(state, answers).0;
        }
        prop_assert!(matches!(state, State::Viewfinder), "stuck in {:?}", state);
    }

    #[test]
    fn off_stays_off(events in prop::collection::vec(any_event(), 0..20)) {
        prop_assert!(matches!(after(State::Off, events).0, State::Off));
    }
}

#[test]
fn an_empty_battery_switches_the_device_off_whatever_it_does() {
    let states = [start().0, State::Viewfinder, State::Analysing { capture: capture() }, State::Asleep];
    for state in states {
        let (state, effects) = step(state, Event::BatteryEmpty);
        assert!(matches!(state, State::Off));
        assert!(matches!(effects[..], [Effect::ShutDown]));
    }
}

fn case(id: &str) -> Case {
    Case::new(Some(id), None).unwrap()
}

#[test]
fn a_case_is_taken_in_every_state_and_changes_none_but_sleep() {
    for state in [start().0, State::Viewfinder, State::Analysing { capture: capture() }, State::NoHistory] {
        let before = format!("{state:?}");
        let (state, effects) = step(state, Event::Case(case("AB-12")));
        assert_eq!(format!("{state:?}"), before);
        assert!(matches!(&effects[..], [Effect::Case(said)] if *said == case("AB-12")));
    }
    let (state, effects) = step(State::Asleep, Event::Case(case("AB-12")));
    assert!(matches!(state, State::Viewfinder), "who says it is about to take a picture");
    assert!(matches!(&effects[..], [Effect::Case(_), Effect::AskCamera]));
}

#[test]
fn no_case_outlives_a_while_without_a_touch() {
    let fault = State::Fault(Fault::new(Part::Model, "gone".into()));
    let states = [
        State::Viewfinder,
        result(Saved::Failed("disk full".into())),
        result(Saved::Saved(1)),
        fault,
        start().0,
    ];
    for state in states {
        let (_, effects) = step(state, Event::Idle);
        assert!(matches!(&effects[..], [Effect::Case(case), Effect::RestoreSetting] if case.is_none()));
    }
    let (state, effects) = step(State::Asleep, press(Short(Main)));
    assert!(matches!(state, State::Viewfinder) && !effects.iter().any(|e| matches!(e, Effect::Case(_))));
}

#[test]
fn the_light_is_on_with_the_live_picture_alone() {
    assert!(is_lit(&State::Viewfinder));
    let fault = State::Fault(Fault::new(Part::Camera, "gone".into()));
    for dark in [start().0, State::Asleep, State::Off, State::NoHistory, fault] {
        assert!(!is_lit(&dark), "{dark:?}");
    }
}

#[test]
fn what_was_found_of_the_records_stands_until_a_person_has_seen_it() {
    let found = || Event::Found("records were cut off".into());
    let (state, _) = step(State::Viewfinder, found());
    assert!(
        matches!(&state, State::Fault(Fault { part: Part::Records, cause, .. }) if cause == "records were cut off")
    );
    let (state, effects) = step(state, Event::Idle);
    assert!(matches!(&state, State::Fault(_)), "it does not fall asleep over it");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Seen)));
    let (state, effects) = step(state, Event::Gesture(Short(Main)));
    assert!(matches!(state, State::Viewfinder));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Seen)));
    let (state, _) = step(State::Analysing { capture: capture() }, found());
    assert!(matches!(state, State::Analysing { .. }), "a picture that is being read comes first");
}

#[test]
fn what_was_taken_refused_or_broken_is_signalled_once_and_nothing_else_is() {
    let fault = || State::Fault(Fault::new(Part::Model, "gone".into()));
    let analysing = || State::Analysing { capture: capture() };
    let retake = || State::Retake { reading: reading(&capture(), vec![]) };
    assert_eq!(cue(&State::Viewfinder, &analysing()), Some(Cue::Taken));
    assert_eq!(cue(&analysing(), &retake()), Some(Cue::Retake));
    assert_eq!(cue(&analysing(), &fault()), Some(Cue::Fault));
    assert_eq!(cue(&State::Viewfinder, &fault()), Some(Cue::Fault));
    for (before, after) in [
        (fault(), fault()),
        (State::Viewfinder, State::Viewfinder),
        (retake(), State::Viewfinder),
        (analysing(), result(Saved::Pending)),
        (State::Viewfinder, State::Asleep),
    ] {
        assert_eq!(cue(&before, &after), None);
    }
    assert_eq!(hint_cue(Hint::Improve(Reason::Blurred), Hint::Ready), Some(Cue::Ready));
    assert_eq!(hint_cue(Hint::Starting, Hint::Ready), Some(Cue::Ready));
    assert_eq!(hint_cue(Hint::Ready, Hint::Ready), None);
    assert_eq!(hint_cue(Hint::Ready, Hint::NoSignal), None);
}
