//! Walking along all chains at once: every row is hashed again, and nothing may be missing.

use std::collections::BTreeMap;

use super::chain::{self, Hash};
use super::checkpoints::LATE;
use crate::model::{ChainEnd, LedgerChain, LedgerRecord};

/// How far the walk is. It takes the rows in the order of their numbers, and keeps nothing but
/// one place for each chain.
pub struct Walk {
    chains: BTreeMap<i64, State>,
    /// Until the first chain began, rows had none.
    first_after: i64,
    /// Whether rows from before were left out.
    begins_late: bool,
    vouched_to: i64,
    walked: Walked,
}

struct State {
    beginning: Hash,
    /// The last place that is known, with its hash and number.
    at: Option<(i64, Hash, i64)>,
    /// Up to this place its rows were dropped.
    dropped: i64,
    /// Whether that is from a row, and not from what is told of dropped ones.
    walked: bool,
    /// The last row that somebody vouched for: its number and its place.
    vouched: (i64, i64),
    /// What later chains say about this one, nearest place last.
    links: Vec<(i64, String, i64)>,
}

impl State {
    /// Compares what later chains say about the row that was just looked at.
    fn check_links(&mut self, chain: i64) -> Result<u64, Broken> {
        let Some((at, hash, number)) = self.at else { return Ok(0) };
        let mut right = 0;
        while let Some((place, linked, by)) = self.links.pop_if(|(place, ..)| *place <= at) {
            // What is before the rows that are looked at cannot be compared.
            if place == at && linked != base16ct::lower::encode_string(&hash) {
                return Err(Broken::Link { number, chain, place, by });
            }
            right += u64::from(place == at);
        }
        Ok(right)
    }
}

/// What was found to be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    pub rows: u64,
    /// Rows from before there were chains.
    pub unchained: u64,
    pub chains: u64,
    pub links: u64,
    pub checkpoints: u64,
    /// Rows after the last checkpoint of their chain.
    pub unvouched: u64,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("row {0} has no place in a chain, though it is newer than the first chain")]
    Unchained(i64),
    #[error("row {number} is of chain {chain}, which nobody began")]
    Unknown { number: i64, chain: i64 },
    #[error(
        "row {number} is at place {found} of chain {chain} where place {expected} was expected: \
         a row is missing, or rows changed places"
    )]
    Place { number: i64, chain: i64, found: i64, expected: i64 },
    #[error("row {number} (place {place} of chain {chain}) or a row before it was changed")]
    Changed { number: i64, chain: i64, place: i64 },
    #[error(
        "row {number} (place {place} of chain {chain}) is another than chain {by} was linked to"
    )]
    Link { number: i64, chain: i64, place: i64, by: i64 },
    #[error(
        "chain {chain} ends at place {end}, but chain {by} was linked to its place {place}: rows \
         were cut off"
    )]
    CutOff { chain: i64, end: i64, place: i64, by: i64 },
    #[error("chain {by} was linked to chain {chain}, which is gone")]
    Gone { chain: i64, by: i64 },
    #[error("the checkpoint of row {number} (place {place} of chain {chain}) is {why}")]
    Checkpoint { number: i64, chain: i64, place: i64, why: &'static str },
    #[error(
        "chain {chain} has no checkpoint after row {vouched}, though later ones were made: one \
         was taken away, or rows were added"
    )]
    Unvouched { chain: i64, vouched: i64 },
    #[error("the record of the dropped month {0} is not signed by one of our keys")]
    Dropped(i32),
}

impl Walk {
    /// A walk along `chains`, of which rows up to `ends` were dropped.
    pub fn new(
        chains: &[LedgerChain],
        ends: &[ChainEnd],
        begins_late: bool,
    ) -> Result<Self, Broken> {
        let mut states: BTreeMap<i64, State> = BTreeMap::new();
        for chain in chains {
            let beginning = chain::beginning(chain);
            let links = Vec::new();
            let (dropped, vouched) = (0, (0, 0));
            let state = State { beginning, at: None, dropped, walked: false, vouched, links };
            states.insert(chain.id, state);
        }
        for end in ends {
            let Some(state) = states.get_mut(&end.chain) else {
                return Err(Broken::Unknown { number: end.number, chain: end.chain });
            };
            let hash = Hash::try_from(end.hash.as_slice()).unwrap_or_default();
            if state.at.is_none_or(|(place, ..)| place < end.place) {
                state.at = Some((end.place, hash, end.number));
                state.dropped = end.place;
                state.vouched = (end.number, end.place);
            }
        }
        for chain in chains {
            for (to, place, hash) in &chain.links {
                let by = chain.id;
                let Some(state) = states.get_mut(to) else {
                    return Err(Broken::Gone { chain: *to, by });
                };
                state.links.push((*place, hash.clone(), by));
            }
        }
        for state in states.values_mut() {
            state.links.sort_by_key(|(place, ..)| std::cmp::Reverse(*place));
        }
        let first_after = chains.first().map_or(i64::MAX, |it| it.after);
        let walked = Walked { chains: chains.len() as u64, ..Walked::default() };
        Ok(Self { chains: states, first_after, begins_late, vouched_to: 0, walked })
    }

    /// Looks at the next row.
    pub fn step(&mut self, record: &LedgerRecord) -> Result<(), Broken> {
        let number = record.number;
        let (Some(chain), Some(place)) = (record.chain, record.place) else {
            if record.chain.is_some() || number > self.first_after {
                return Err(Broken::Unchained(number));
            }
            self.walked.unchained += 1;
            return Ok(());
        };
        let begins_late = self.begins_late;
        let state = self.chains.get_mut(&chain).ok_or(Broken::Unknown { number, chain })?;
        let claimed = record.hash.as_deref().and_then(|it| Hash::try_from(it).ok());
        let changed = Broken::Changed { number, chain, place };
        let hash = match state.at {
            // Its own word is all there is, for the row before it was not looked at.
            at if begins_late && !state.walked && place > at.map_or(1, |(last, ..)| last + 1) => {
                state.vouched = (number, place);
                claimed.ok_or(changed)?
            }
            at => {
                let (last, previous) =
                    at.map_or((0, state.beginning), |(place, hash, _)| (place, hash));
                if place != last + 1 {
                    let expected = last + 1;
                    return Err(Broken::Place { number, chain, found: place, expected });
                }
                let hash = chain::hash(&previous, chain, place, record);
                if claimed != Some(hash) {
                    return Err(changed);
                }
                hash
            }
        };
        state.at = Some((place, hash, number));
        state.walked = true;
        self.walked.rows += 1;
        self.walked.links += state.check_links(chain)?;
        Ok(())
    }

    /// Looks whether `checkpoint`, whose signature is right, is about the row that was just
    /// looked at. `None` is said of a row that is not there.
    pub fn vouch(&mut self, checkpoint: &ChainEnd) -> Result<(), Broken> {
        let ChainEnd { chain, place, number, .. } = *checkpoint;
        let wrong = |why| Err(Broken::Checkpoint { number, chain, place, why });
        self.walked.checkpoints += 1;
        let Some(state) = self.chains.get_mut(&chain) else {
            return wrong("about a chain that is not there");
        };
        if place <= state.dropped {
            return Ok(());
        }
        match state.at {
            Some((at, hash, its)) if (at, its) == (place, number) => {
                if hash.as_slice() != checkpoint.hash {
                    return wrong("about another row than the one that is there");
                }
                state.vouched = (number, place);
                self.vouched_to = self.vouched_to.max(number);
                Ok(())
            }
            _ => wrong("about a row that is not there"),
        }
    }

    /// What is only known in the end: what was cut off, and what nobody vouches for.
    pub fn finish(mut self) -> Result<Walked, Broken> {
        for (&chain, state) in &self.chains {
            let (end, _, number) = state.at.unwrap_or_default();
            let is_past = self.begins_late && !state.walked;
            if let Some((place, _, by)) = state.links.first().filter(|(place, ..)| *place > end)
                && !is_past
            {
                return Err(Broken::CutOff { chain, end, place: *place, by: *by });
            }
            let (vouched, vouched_place) = state.vouched;
            if number > vouched && number + LATE < self.vouched_to {
                return Err(Broken::Unvouched { chain, vouched });
            }
            self.walked.unvouched += u64::try_from(end - vouched_place).unwrap_or_default();
        }
        Ok(self.walked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(id: i64) -> LedgerChain {
        LedgerChain { id, node: "node".into(), after: 0, links: Vec::new() }
    }

    /// Rows of two chains by turns, with true hashes.
    fn rows(numbers: i64) -> Vec<LedgerRecord> {
        let mut ends = [1, 2].map(|id| (0, chain::beginning(&begun(id))));
        let row = |number: i64| {
            let of = usize::try_from(number % 2).unwrap_or_default();
            let (place, previous) = &mut ends[of];
            let (chain, mut record) =
                (number % 2 + 1, LedgerRecord { number, ..Default::default() });
            *place += 1;
            *previous = chain::hash(previous, chain, *place, &record);
            record.chain = Some(chain);
            record.place = Some(*place);
            record.hash = Some(previous.to_vec());
            record
        };
        (1..=numbers).map(row).collect()
    }

    fn end_of(record: &LedgerRecord) -> ChainEnd {
        let (chain, place) = (record.chain.unwrap(), record.place.unwrap());
        let hash = record.hash.clone().unwrap();
        ChainEnd { chain, place, hash, number: record.number }
    }

    fn walk(rows: &[LedgerRecord], vouched: &[i64]) -> Result<Walked, Broken> {
        let mut walk = Walk::new(&[begun(1), begun(2)], &[], false)?;
        for row in rows {
            walk.step(row)?;
            if vouched.contains(&row.number) {
                walk.vouch(&end_of(row))?;
            }
        }
        walk.finish()
    }

    /// Whoever signs, signs for all chains that have grown. If there is nothing for one of them,
    /// somebody took it away.
    #[test]
    fn a_checkpoint_that_was_taken_away() {
        let rows = rows(2 * LATE);
        let last = 2 * LATE;
        assert_eq!(walk(&rows, &[last - 1, last]).unwrap().unvouched, 0);
        assert_eq!(walk(&rows, &[]).unwrap().unvouched, last.unsigned_abs());
        let mut ended = rows.clone();
        ended.retain(|row| row.chain == Some(1) || row.number < 100);
        let broken = walk(&ended, &[97, last]);
        assert_eq!(broken, Err(Broken::Unvouched { chain: 2, vouched: 97 }));
        assert!(walk(&ended, &[97, 99, last]).is_ok());
    }

    /// Rows of two months interleave where they meet. Rows 1 and 3 of chain 2 are dropped; row 2
    /// of chain 1 is not, and its checkpoint still counts.
    #[test]
    fn a_checkpoint_between_rows_that_were_dropped() {
        let rows = rows(4);
        let walk = |vouched: &LedgerRecord| {
            let mut walk = Walk::new(&[begun(1), begun(2)], &[end_of(&rows[2])], false)?;
            walk.step(&rows[1])?;
            walk.vouch(&end_of(vouched))?;
            walk.finish()
        };
        assert_eq!(walk(&rows[1]).unwrap().unvouched, 0);
        assert_eq!(walk(&rows[0]).unwrap().unvouched, 1);
        let another = LedgerRecord { hash: Some(vec![0; 32]), ..rows[1].clone() };
        assert!(matches!(walk(&another), Err(Broken::Checkpoint { number: 2, chain: 1, .. })));
    }

    #[test]
    fn from_the_middle_on() {
        let rows = rows(100);
        let mut walk = Walk::new(&[begun(1), begun(2)], &[], true).unwrap();
        for row in &rows[50..] {
            walk.step(row).unwrap();
        }
        assert_eq!(walk.finish().unwrap().rows, 50);
        let mut walk = Walk::new(&[begun(1), begun(2)], &[], true).unwrap();
        walk.step(&rows[50]).unwrap();
        assert!(matches!(walk.step(&rows[54]), Err(Broken::Place { found: 28, expected: 27, .. })));
    }

    #[test]
    fn a_link_to_another_row() {
        let rows = rows(4);
        let linked = |place: i64, hash: &str| {
            let links = vec![(1, place, hash.to_owned())];
            let chains = [begun(1), begun(2), LedgerChain { links, ..begun(3) }];
            let mut walk = Walk::new(&chains, &[], false)?;
            rows.iter().try_for_each(|row| walk.step(row))?;
            walk.finish()
        };
        let hash = base16ct::lower::encode_string(rows[1].hash.as_deref().unwrap());
        assert_eq!(linked(1, &hash).unwrap().links, 1);
        assert!(matches!(linked(2, &hash), Err(Broken::Link { number: 4, by: 3, .. })));
        assert!(matches!(linked(3, &hash), Err(Broken::CutOff { chain: 1, end: 2, .. })));
    }
}
