//! What can be wrong with a module or service that holds root keys.

/// Why a custodian outside this program did not do what was asked. Holds what the other side said of itself, never a
/// PIN, token or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Nobody there: no library, no token, no network.
    #[error("cannot be reached ({0}); nothing was changed. Bring it back and try again")]
    Unreachable(String),
    /// It was asked and did not answer in time. What was asked may still happen.
    #[error("gave no answer within {0} s; look at it, then try again (what was asked may have happened meanwhile)")]
    Silent(u64),
    /// The PIN or token is wrong, expired or locked.
    #[error("refused the PIN or token ({0}); it is not tried again by itself, so that nothing is locked by guessing")]
    Denied(String),
    /// A key service that waits for its operators.
    #[error("is sealed; its operators must unseal it")]
    Sealed,
    /// It works and holds no root key of this name.
    #[error("holds no root key named `{0}`: it is another one's, or `tacebo init` did not run")]
    NoRoot(String),
    /// It says that a root key may leave it.
    #[error("would hand out root epoch {0}: that key was not made by this program and is not used")]
    Extractable(u32),
    /// Two keys bear one epoch's name.
    #[error("holds two keys for root epoch {0}; remove the one that was brought in from elsewhere")]
    Doubled(u32),
    /// A key was destroyed by its own word and is found all the same.
    #[error("says that root epoch {0} was destroyed and still has it; do not count it as destroyed")]
    StillThere(u32),
    /// It said no.
    #[error("refused: {0}")]
    Refused(String),
    /// It said something that is no answer to what was asked.
    #[error("gave an answer that cannot be understood: {0}")]
    Unclear(&'static str),
}
