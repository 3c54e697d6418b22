//! GPIO buttons: edges from the kernel's character device, debounced by the kernel.

use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{self, EdgeDetection, EdgeKind, Value};

use super::{Bias, Button, ButtonError, Buttons, ButtonsConfig, Edge};
use crate::gpio;

/// Takes the configured lines.
pub(super) fn open(config: &ButtonsConfig) -> Result<Box<dyn Buttons>, ButtonError> {
    let failed = |error: gpio::GpioError| ButtonError::Open {
        device: error.device,
        cause: error.cause,
        cure: error.cure,
    };
    let chip = gpio::find_chip(&config.chip).map_err(failed)?;
    let lines = config.lines();
    let offsets: Vec<_> = lines.iter().map(|(_, line)| *line).collect();
    let device = format!("{} lines {offsets:?}", chip.display());
    let mut builder = Request::builder();
    builder.on_chip(&chip).with_consumer("dermascope buttons").with_lines(&offsets);
    builder.as_input().with_edge_detection(EdgeDetection::BothEdges).with_bias(bias(config.bias));
    if config.active_low {
        builder.as_active_low();
    }
    if config.debounce_ms > 0 {
        builder.with_debounce_period(Duration::from_millis(config.debounce_ms.into()));
    }
    let request = builder.request().map_err(|cause| failed(gpio::refused(device.clone(), &cause)))?;
    Ok(Box::new(GpioButtons::new(device, request, &lines)))
}

fn bias(bias: Bias) -> Option<line::Bias> {
    Some(match bias {
        Bias::PullUp => line::Bias::PullUp,
        Bias::PullDown => line::Bias::PullDown,
        Bias::None => line::Bias::Disabled,
    })
}

/// Lines that tell their edges and levels.
trait Lines: Send {
    /// Waits for the next edge: the line, and whether it is pressed now.
    fn wait(&mut self, timeout: Duration) -> gpiocdev::Result<Option<(u32, bool)>>;

    /// Whether a line is pressed.
    fn is_pressed(&self, line: u32) -> gpiocdev::Result<bool>;
}

impl Lines for Request {
    fn wait(&mut self, timeout: Duration) -> gpiocdev::Result<Option<(u32, bool)>> {
        if !self.wait_edge_event(timeout)? {
            return Ok(None);
        }
        let event = self.read_edge_event()?;
        // The kernel tells rising and falling by the logical level, which is active while pressed.
        Ok(Some((event.offset, event.kind == EdgeKind::Rising)))
    }

    fn is_pressed(&self, line: u32) -> gpiocdev::Result<bool> {
        Ok(self.value(line)? == Value::Active)
    }
}

/// Buttons on lines.
struct GpioButtons<L> {
    device: String,
    lines: L,
    states: Vec<State>,
}

/// A button as it was last told.
struct State {
    button: Button,
    line: u32,
    pressed: bool,
}

impl<L: Lines> GpioButtons<L> {
    fn new(device: String, lines: L, buttons: &[(Button, u32)]) -> Self {
        let state = |(button, line): &(Button, u32)| State { button: *button, line: *line, pressed: false };
        Self { device, lines, states: buttons.iter().map(state).collect() }
    }

    fn tell(&mut self, line: u32, pressed: bool) -> Option<Edge> {
        let state = self.states.iter_mut().find(|state| state.line == line)?;
        state.pressed = pressed;
        Some(Edge { button: state.button, pressed })
    }

    /// The kernel drops edges when its queue is full: where nothing comes, the levels are looked at, so that a
    /// lost release does not become a very long press.
    fn look(&mut self) -> gpiocdev::Result<Option<Edge>> {
        let mut changed = None;
        for state in self.states.iter().filter(|state| state.pressed) {
            let pressed = self.lines.is_pressed(state.line)?;
            if !pressed {
                changed = Some((state.line, pressed));
                break;
            }
        }
        Ok(changed.and_then(|(line, pressed)| self.tell(line, pressed)))
    }
}

impl<L: Lines> Buttons for GpioButtons<L> {
    fn next_edge(&mut self, timeout: Duration) -> Result<Option<Edge>, ButtonError> {
        let edge = match self.lines.wait(timeout) {
            Ok(Some((line, pressed))) => Ok(self.tell(line, pressed)),
            Ok(None) => self.look(),
            Err(cause) if gpio::was_interrupted(&cause) => Ok(None),
            Err(cause) => Err(cause),
        };
        edge.map_err(|cause| ButtonError::Read { device: self.device.clone(), cause: cause.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Lines by script: what each wait gives, and the level of every line.
    struct Script {
        waits: VecDeque<gpiocdev::Result<Option<(u32, bool)>>>,
        pressed: Vec<u32>,
    }

    impl Lines for Script {
        fn wait(&mut self, _: Duration) -> gpiocdev::Result<Option<(u32, bool)>> {
            self.waits.pop_front().unwrap_or(Ok(None))
        }

        fn is_pressed(&self, line: u32) -> gpiocdev::Result<bool> {
            Ok(self.pressed.contains(&line))
        }
    }

    type Waits = Vec<gpiocdev::Result<Option<(u32, bool)>>>;

    fn buttons(waits: Waits, pressed: Vec<u32>) -> GpioButtons<Script> {
        let lines = Script { waits: waits.into(), pressed };
        GpioButtons::new("/dev/gpiochip0 lines [5, 6]".into(), lines, &[(Button::Main, 5), (Button::Next, 6)])
    }

    fn next(buttons: &mut impl Buttons) -> Option<Edge> {
        buttons.next_edge(Duration::ZERO).unwrap()
    }

    #[test]
    fn each_line_is_its_button() {
        let mut buttons =
            buttons(vec![Ok(Some((6, true))), Ok(Some((5, true))), Ok(Some((6, false)))], vec![5]);
        let edge = |button, pressed| Some(Edge { button, pressed });
        assert_eq!(next(&mut buttons), edge(Button::Next, true));
        assert_eq!(next(&mut buttons), edge(Button::Main, true));
        assert_eq!(next(&mut buttons), edge(Button::Next, false));
        assert_eq!(next(&mut buttons), None);
    }

    #[test]
    fn a_release_that_the_kernel_lost_is_found_by_looking() {
        let mut buttons = buttons(vec![Ok(Some((5, true)))], vec![]);
        assert_eq!(next(&mut buttons), Some(Edge { button: Button::Main, pressed: true }));
        assert_eq!(next(&mut buttons), Some(Edge { button: Button::Main, pressed: false }));
        assert_eq!(next(&mut buttons), None);
    }

    #[test]
    fn a_signal_is_no_error_but_a_dead_chip_is() {
        let failed = |number| Err(std::io::Error::from_raw_os_error(number).into());
        let mut buttons = buttons(vec![failed(4), failed(19)], vec![]);
        assert_eq!(next(&mut buttons), None);
        let error = buttons.next_edge(Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("/dev/gpiochip0 lines [5, 6]: cannot read the buttons"), "{error}");
    }

    #[test]
    fn buttons_without_a_chip_say_what_to_do() {
        let config = ButtonsConfig { chip: "/dev/no-such-chip".into(), ..ButtonsConfig::default() };
        let error = open(&config).err().unwrap().to_string();
        assert!(error.contains("/dev/no-such-chip: cannot open the buttons"), "{error}");
    }
}
