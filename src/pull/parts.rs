//! Pictures in parts: several asked for at once, over the end of one picture into the next, so that the line never idles.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::peer::{Peer, PeerError, Trouble};
use crate::serial::message::{DAMAGED, RpcError};
use crate::serial::wire;

/// Parts asked for ahead.
const AHEAD: usize = 6;

/// A picture to read, from where on, up to its size.
pub struct WantedPicture {
    pub sequence: u64,
    pub from: u64,
    pub size: u64,
}

/// Which picture, and which byte of it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    index: usize,
    offset: u64,
}

/// A part that was asked for.
struct Asked {
    id: u64,
    place: Place,
    /// Bytes at most.
    length: u64,
    since: Instant,
}

/// An answer to `image.read`.
#[derive(Deserialize)]
struct Part {
    offset: u64,
    length: usize,
    crc32: String,
}

impl Place {
    /// The first byte that is wanted from a picture on.
    fn from(index: usize, wanted: &[WantedPicture]) -> Self {
        let offset = wanted.get(index).map_or(0, |picture| picture.from);
        Self { index, offset }.settled(wanted)
    }

    /// Past what is complete.
    fn settled(self, wanted: &[WantedPicture]) -> Self {
        match wanted.get(self.index) {
            Some(picture) if self.offset >= picture.size => Self::from(self.index + 1, wanted),
            _ => self,
        }
    }

    fn after(self, length: u64, wanted: &[WantedPicture]) -> Self {
        Self { offset: self.offset + length, ..self }.settled(wanted)
    }
}

impl Peer {
    /// Reads pictures and gives them to `keep` piece by piece, in order, each checked, by their places in `wanted`; or
    /// why the device refuses one.
    pub fn read_pictures(
        &mut self,
        wanted: &[WantedPicture],
        mut keep: impl FnMut(usize, Result<&[u8], RpcError>) -> io::Result<()>,
    ) -> Result<(), PeerError> {
        let (mut asked, mut failed) = (VecDeque::new(), 0);
        self.begin_call();
        let mut have = Place::from(0, wanted);
        let mut next = have;
        while have.index < wanted.len() {
            while asked.len() < AHEAD && next.index < wanted.len() {
                next = self.ask_ahead(wanted, next, &mut asked)?;
            }
            let Some(due) = asked.pop_front() else { continue };
            match self.part_of(&due) {
                Ok(bytes) => {
                    keep(have.index, Ok(&bytes)).map_err(PeerError::Keep)?;
                    have = have.after(bytes.len() as u64, wanted);
                    failed = 0;
                    self.grow(due.since);
                    self.begin_call();
                }
                Err(Trouble::Final(PeerError::Refused(fault))) => {
                    keep(have.index, Err(fault)).map_err(PeerError::Keep)?;
                    have = Place::from(have.index + 1, wanted);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Garbled) => {
                    failed = self.count_failure(failed)?;
                    asked.clear();
                }
            }
            // Where a part came short, a picture was refused, or noise took one, the others do not follow any more.
            if asked.front().is_none_or(|due: &Asked| due.place != have) {
                asked.clear();
                next = have;
            }
        }
        Ok(())
    }

    /// Asks for a part, and gives the place after it.
    fn ask_ahead(
        &mut self,
        wanted: &[WantedPicture],
        place: Place,
        asked: &mut VecDeque<Asked>,
    ) -> Result<Place, PeerError> {
        let picture = &wanted[place.index];
        let length = (self.part() as u64).min(picture.size - place.offset);
        let params =
            json!({"sequence": picture.sequence, "offset": place.offset, "length": length, "as": "line"});
        let id = self.send("image.read", &params)?;
        asked.push_back(Asked { id, place, length, since: Instant::now() });
        Ok(place.after(length, wanted))
    }

    fn part_of(&mut self, due: &Asked) -> Result<Vec<u8>, Trouble> {
        let (result, line) = self.answer(due.id)?;
        let part: Part = serde_json::from_value(result).map_err(|_| Trouble::Garbled)?;
        let bytes = line.ok_or(Trouble::Garbled)?;
        let whole = part.offset == due.place.offset
            && part.length == bytes.len()
            && part.crc32 == wire::crc32(&bytes)
            && bytes.len() as u64 <= due.length;
        if whole && bytes.is_empty() {
            // It comes whole, and is the end: asking again would not make the picture longer.
            let message = format!("the device's picture ends after {} bytes", due.place.offset);
            return Err(PeerError::Refused(RpcError::new(DAMAGED, message)).into());
        }
        if whole { Ok(bytes) } else { Err(Trouble::Garbled) }
    }
}
