//! How often, as an administrator writes it.

use std::num::NonZeroU32;

/// So many in a second or a minute, and so many at once before that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub per: Per,
    pub burst: NonZeroU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    Second,
    Minute,
}

/// What is written is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither")]
pub struct NoRate;

/// The most that can be written. A burst is back within 1,000,000 minutes, however it is paired.
const MOST: u32 = 1_000_000;

impl Rate {
    /// `10/s burst 50`, `300/m`, or `off` for no limit. Without a burst, as many may come at once
    /// as in a second or a minute.
    pub fn parse(text: &str) -> Result<Option<Self>, NoRate> {
        if text == "off" {
            return Ok(None);
        }
        let mut words = text.split_whitespace();
        let (count, per) = words.next().and_then(|word| word.split_once('/')).ok_or(NoRate)?;
        let (count, per) = (number(count)?, per_of(per)?);
        let burst = match words.next() {
            None => count,
            Some("burst") => number(words.next().ok_or(NoRate)?)?,
            Some(_) => return Err(NoRate),
        };
        match words.next() {
            None => Ok(Some(Self { count, per, burst })),
            Some(_) => Err(NoRate),
        }
    }

    /// That for many.
    pub(super) fn times(self, many: u32) -> Self {
        let times = |it: NonZeroU32| NonZeroU32::new(it.get() * many).unwrap_or(it);
        Self { count: times(self.count), per: self.per, burst: times(self.burst) }
    }
}

fn number(text: &str) -> Result<NonZeroU32, NoRate> {
    let number = text.parse().ok().and_then(NonZeroU32::new);
    number.filter(|it| it.get() <= MOST).ok_or(NoRate)
}

fn per_of(text: &str) -> Result<Per, NoRate> {
    match text {
        "s" => Ok(Per::Second),
        "m" => Ok(Per::Minute),
        _ => Err(NoRate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_as_they_are_written() {
        let rate = |text: &str| {
            let rate = Rate::parse(text).ok()??;
            Some((rate.count.get(), rate.per, rate.burst.get()))
        };
        assert_eq!(rate("10/s burst 50"), Some((10, Per::Second, 50)));
        assert_eq!(rate("300/m"), Some((300, Per::Minute, 300)));
        assert_eq!(Rate::parse("off"), Ok(None));
        for wrong in ["", "10", "10/h", "0/s", "10/s burst", "10/s burst 0", "10/s burst 5 x"] {
            assert_eq!(Rate::parse(wrong), Err(NoRate), "{wrong}");
        }
        for wrong in ["1000001/s", "-1/s", "10/s 50", "1 0/s", "on"] {
            assert_eq!(Rate::parse(wrong), Err(NoRate), "{wrong}");
        }
    }
}
