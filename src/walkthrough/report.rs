//! What a walk has to tell, apart from how it is printed.

use super::failure::Failure;

/// The steps of a walk, each told as soon as it is over.
pub struct Report {
    steps: Vec<Step>,
    #[expect(clippy::type_complexity, reason = "it is told of each step once")]
    tell: Box<dyn FnMut(usize, &Step)>,
}

/// One step: why it is taken, what went over the wire, and what was found.
#[derive(Debug)]
pub struct Step {
    /// A few words.
    pub title: &'static str,
    /// One sentence.
    pub purpose: &'static str,
    /// In the order of events.
    pub parts: Vec<Part>,
    /// Why the walk ends here.
    pub failure: Option<String>,
}

/// A piece of a step.
#[derive(Debug)]
pub enum Part {
    /// A request and its answer.
    Exchange(Exchange),
    /// What was looked at in an answer or a token.
    Findings {
        /// What was looked at.
        of: String,
        /// One line each.
        findings: Vec<Finding>,
    },
}

/// A request and its answer, secrets and tokens already shortened.
#[derive(Debug)]
pub struct Exchange {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where it went, without the query.
    pub url: String,
    /// Headers worth showing, and parameters.
    pub sent: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// What of the answer is worth showing.
    pub received: Vec<(String, String)>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The claim, the member, the header.
    pub name: String,
    /// What stands there.
    pub value: String,
    /// What that means, in a few words.
    pub meaning: String,
    /// What we think of it.
    pub verdict: Verdict,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Checked and right.
    Right,
    /// Checked and wrong.
    Wrong,
    /// Only told.
    Told,
}

impl Report {
    /// `tell` is called with the number and the story of each step.
    pub fn new(tell: impl FnMut(usize, &Step) + 'static) -> Self {
        Self { steps: Vec::new(), tell: Box::new(tell) }
    }

    /// Takes a step and tells of it, whether it succeeds or not. A wrong finding fails it.
    pub async fn step<T>(
        &mut self,
        (title, purpose): (&'static str, &'static str),
        walk: impl AsyncFnOnce(&mut Step) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut step = Step { title, purpose, parts: Vec::new(), failure: None };
        let walked = walk(&mut step).await.and_then(|it| match step.first_wrong() {
            Some(finding) => Err(Failure::wrong(finding)),
            None => Ok(it),
        });
        step.failure = walked.as_ref().err().map(ToString::to_string);
        (self.tell)(self.steps.len() + 1, &step);
        self.steps.push(step);
        walked
    }

    /// All steps so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Step {
    /// A step that nobody is told of.
    pub fn untold() -> Self {
        Self { title: "", purpose: "", parts: Vec::new(), failure: None }
    }

    /// Adds what was found in something.
    pub fn found(&mut self, of: impl Into<String>, findings: Vec<Finding>) {
        self.parts.push(Part::Findings { of: of.into(), findings });
    }

    fn first_wrong(&self) -> Option<&Finding> {
        let findings = self.parts.iter().flat_map(|part| match part {
            Part::Findings { findings, .. } => findings.as_slice(),
            Part::Exchange(_) => &[],
        });
        findings.into_iter().find(|it| it.verdict == Verdict::Wrong)
    }
}

impl Finding {
    /// A check of `value`.
    pub fn check(
        name: &str,
        value: impl Into<String>,
        meaning: impl Into<String>,
        right: bool,
    ) -> Self {
        let verdict = if right { Verdict::Right } else { Verdict::Wrong };
        Self { name: name.into(), value: value.into(), meaning: meaning.into(), verdict }
    }

    /// Whether `value` is `expected`, letter by letter. If it is not, the meaning says what
    /// was expected.
    pub fn same(name: &str, value: &str, expected: &str, meaning: &str) -> Self {
        match value == expected {
            true => Self::check(name, value, meaning, true),
            false => Self::check(name, value, format!("{meaning}; it should be {expected}"), false),
        }
    }

    /// Something worth knowing that is neither right nor wrong.
    pub fn told(name: &str, value: impl Into<String>, meaning: impl Into<String>) -> Self {
        let verdict = Verdict::Told;
        Self { name: name.into(), value: value.into(), meaning: meaning.into(), verdict }
    }
}
