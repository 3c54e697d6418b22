//! The HTTP link: the device over a browser. The page shows the panel live and, on a device with virtual
//! buttons, presses them; the API gives the records.
//!
//! All of it runs on threads of its own, so that nothing here can delay a reading: the screen comes over a slot that
//! keeps only the newest, presses leave over a channel, and what takes time waits for the device on threads of low
//! priority: records are read through connections of their own, and photographs by a network of their own. Over
//! loopback and the USB cable it is open; from elsewhere a token is asked for ([`access`]).

mod access;
mod buttons;
mod case;
mod config;
mod connections;
mod export;
mod guard;
mod limits;
mod link;
mod listen;
mod live;
mod metrics;
mod outcomes;
mod photographs;
mod problem;
mod question;
mod records;
mod routes;
mod screenshot;
mod setting;

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use access::{hash_of, new_token};
pub use config::{HttpConfig, HttpError};
pub use limits::Limits;
pub use link::Device;

use connections::{Door, Seats};
use link::Link;
use listen::{Deaf, Place};

/// A running server. Dropping it stops it.
pub struct Server {
    addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens since its start, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already, and stopping is all that is asked.
            let _ = thread.join();
        }
    }
}

/// Starts serving the device, where the configuration asks for it. `usb` is the device's address on its cable. On return
/// every address is bound that can be; any other is tried again.
pub fn serve(config: &HttpConfig, usb: IpAddr, device: Device) -> Result<Option<Server>, HttpError> {
    serve_within(config, usb, device, Limits::default())
}

/// Like [`serve`], with other limits.
pub fn serve_within(
    config: &HttpConfig,
    usb: IpAddr,
    device: Device,
    limits: Limits,
) -> Result<Option<Server>, HttpError> {
    let wanted = config.places(usb)?;
    if wanted.is_empty() {
        return Ok(None);
    }
    let deaf = Deaf::new(device.remote.health.clone());
    let places: Vec<_> = wanted.into_iter().map(|place| (bind_now(&place, &deaf), place)).collect();
    let listening = places.iter().filter_map(|(listener, _)| listener.as_ref());
    let addresses =
        listening.map(TcpListener::local_addr).collect::<Result<_, _>>().map_err(HttpError::Start)?;
    let runtime = runtime().map_err(HttpError::Start)?;
    let link = Link::new(device, &limits);
    let metrics = link.metrics.clone();
    let seats = Seats::new(&limits);
    let door = Door { router: routes::router(link, config, &limits), limits, metrics, seats };
    let (stop, stopped) = oneshot::channel();
    let config = config.clone();
    let work = move || {
        runtime.block_on(run(places, Arc::new(Outside { config, deaf, door }), stopped));
        // Streams to browsers never end by themselves.
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("http".into()).spawn(work).map_err(HttpError::Start)?;
    Ok(Some(Server { addresses, stop: Some(stop), thread: Some(thread) }))
}

/// Takes an address that can be had at once; a name is asked for later.
fn bind_now(place: &Place, deaf: &Deaf) -> Option<TcpListener> {
    let Place::At(address) = *place else { return None };
    let bound = listen::bind(address).map_err(|cause| HttpError::Bind { address, cause });
    bound.inspect_err(|error| deaf.tell(&place.to_string(), error)).ok()
}

/// What every address shares.
struct Outside {
    config: HttpConfig,
    deaf: Deaf,
    door: Door,
}

/// What asks the records has seats of its own, as exports and photographs have; one thread is left for what waits for the
/// device, which then waits for none of them.
const BLOCKING_THREADS: usize = limits::MAX_QUESTIONS + limits::MAX_EXPORTS + limits::MAX_PHOTOS + 1;

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .on_thread_start(yield_to_the_device)
        .thread_name("http-disk")
        .build()
}

/// How much nicer the threads are that read records and photographs. Beside one that is not, on the same core, one gets a
/// tenth of it (weights 110 and 1024: sched(7), and `sched_prio_to_weight` of the kernel): a capture hardly feels it.
/// At 19 it would get a seventieth, and on a busy device a list could take a minute.
const NICE: i32 = 10;

/// What the device does goes before what this thread does. Not before the thread that answers: it does little, and a
/// button that is let go late would have been held.
fn yield_to_the_device() {
    // On Linux this is of the calling thread alone.
    if let Err(cause) = rustix::process::nice(NICE) {
        tracing::warn!("the HTTP link reads records at the device's own priority: {cause}");
    }
}

async fn run(
    places: Vec<(Option<TcpListener>, Place)>,
    outside: Arc<Outside>,
    stopped: oneshot::Receiver<()>,
) {
    for (bound, place) in places {
        let outside = outside.clone();
        tokio::spawn(async move {
            let listeners = match bound {
                Some(listener) => vec![listener],
                None => listen::bind_later(&place, &outside.config, &outside.deaf).await,
            };
            for listener in listeners {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => drop(tokio::spawn(outside.door.clone().take_in(listener))),
                    Err(cause) => tracing::error!("the HTTP link stops on {place}: {cause}"),
                }
            }
        });
    }
    // Fails where the server is dropped, which is all that ends it.
    let _ = stopped.await;
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_thread_that_reads_records_yields_to_the_device_and_the_others_do_not() {
        let before = getpriority_process(None).expect("the priority of this thread");
        let yielding = std::thread::spawn(|| {
            yield_to_the_device();
            getpriority_process(None)
        });
        let yielded = yielding.join().expect("no panic").expect("the priority of that thread");
        assert_eq!(yielded, (before + NICE).min(19));
        assert_eq!(getpriority_process(None).expect("the priority of this thread"), before);
    }
}
