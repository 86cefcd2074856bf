//! A session with the token, found again when it was lost.

use super::{Pkcs11At, WHO};
use crate::SealError;
use crate::custody::Trouble;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Library};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

/// What the module's thread holds: the library, and at most one logged-in session.
pub(super) struct Token {
    pub(super) at: Pkcs11At,
    pin: AuthPin,
    library: Option<Library>,
    session: Option<Session>,
    /// What was said when the PIN was refused. It is not tried again: tokens lock themselves after a few tries.
    denied: Option<String>,
}

/// What a token says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) hardware: bool,
    pub(super) words: String,
}

pub(super) fn trouble(trouble: Trouble) -> SealError {
    SealError::Custodian { who: WHO, trouble }
}

/// What a failed call means to whoever asked.
pub(super) fn refused(error: &Error) -> SealError {
    trouble(if lost(error) { Trouble::Unreachable(words(error)) } else { Trouble::Refused(words(error)) })
}

/// Which call failed and with which code, as the module's own documents call them.
fn words(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, call) => format!("{call:?}: {code:?}"),
        other => other.to_string(),
    }
}

/// Whether the session, the token or the module itself is gone: worth another session.
pub(super) fn lost(error: &Error) -> bool {
    let Error::Pkcs11(rv, _) = error else {
        return false;
    };
    matches!(
        rv,
        RvError::CryptokiNotInitialized
            | RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::SessionClosed
            | RvError::SessionHandleInvalid
            | RvError::SlotIdInvalid
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::UserNotLoggedIn
    )
}

impl Token {
    pub(super) fn new(at: Pkcs11At, pin: AuthPin) -> Self {
        Self { at, pin, library: None, session: None, denied: None }
    }

    /// Does something in a session that lives; one that was lost on the way is an error and is replaced at the next ask.
    pub(super) fn with<T>(&mut self, act: impl FnOnce(&Session) -> Result<T, SealError>) -> Result<T, SealError> {
        let done = act(self.session()?);
        if let Err(SealError::Custodian { trouble: Trouble::Unreachable(_), .. }) = &done {
            self.session = None;
        }
        done
    }

    /// The same for what changes nothing: tried once more when the session was lost under it.
    pub(super) fn look<T>(&mut self, act: impl Fn(&Session) -> Result<T, SealError>) -> Result<T, SealError> {
        match self.with(&act) {
            Err(SealError::Custodian { trouble: Trouble::Unreachable(_), .. }) => self.with(&act),
            done => done,
        }
    }

    /// What the token and its slot say of themselves.
    pub(super) fn about(&mut self) -> Result<About, SealError> {
        let library = self.library()?.clone();
        let slot = self.slot(&library)?;
        let info = library.get_slot_info(slot).map_err(|error| refused(&error))?;
        let token = library.get_token_info(slot).map_err(|error| refused(&error))?;
        Ok(About {
            hardware: info.hardware_slot(),
            words: format!(
                "{}, {}, serial {}, token {}",
                token.manufacturer_id().trim_end(),
                token.model().trim_end(),
                token.serial_number().trim_end(),
                token.label().trim_end()
            ),
        })
    }

    /// Ends the session; the next ask begins another.
    pub(super) fn close(&mut self) {
        self.session = None;
    }

    fn session(&mut self) -> Result<&Session, SealError> {
        // A session that was lost says so; asking costs nothing beside a call that does work.
        let lives = self.session.take().filter(|session| {
            session.get_session_info().is_ok_and(|info| info.session_state() == SessionState::RwUser)
        });
        let session = match lives {
            Some(session) => session,
            None => self.connect()?,
        };
        Ok(self.session.insert(session))
    }

    fn connect(&mut self) -> Result<Session, SealError> {
        if let Some(said) = &self.denied {
            return Err(trouble(Trouble::Denied(said.clone())));
        }
        let again = match self.log_in() {
            Err(SealError::Custodian { trouble: Trouble::Unreachable(_) | Trouble::Refused(_), .. }) => true,
            done => return done,
        };
        if again && let Some(library) = self.library.take() {
            // A module that was restarted wants to be begun anew. It may say that it was not running: so much the better.
            drop(library.finalize());
        }
        self.log_in()
    }

    fn log_in(&mut self) -> Result<Session, SealError> {
        let library = self.library()?.clone();
        let slot = self.slot(&library)?;
        let session = library.open_rw_session(slot).map_err(|error| refused(&error))?;
        match session.login(UserType::User, Some(&self.pin)) {
            // The whole program is logged in at once, whichever session did it.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(self.login_failed(&error)),
        }
    }

    fn login_failed(&mut self, error: &Error) -> SealError {
        let pin =
            [RvError::PinIncorrect, RvError::PinInvalid, RvError::PinLenRange, RvError::PinExpired, RvError::PinLocked];
        if matches!(error, Error::Pkcs11(rv, _) if pin.contains(rv)) {
            self.denied = Some(words(error));
            return trouble(Trouble::Denied(words(error)));
        }
        refused(error)
    }

    fn library(&mut self) -> Result<&Library, SealError> {
        let unreachable = |error: Error| trouble(Trouble::Unreachable(words(&error)));
        let library = if let Some(library) = self.library.take() {
            library
        } else {
            let library = Library::new(&self.at.library).map_err(unreachable)?;
            // One more holder for as long as the program runs: no module is tested with being unloaded under a
            // program's other threads and loaded again.
            std::mem::forget(library.clone());
            library
        };
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(self.library.insert(library)),
            Err(error) => Err(unreachable(error)),
        }
    }

    fn slot(&self, library: &Library) -> Result<Slot, SealError> {
        let slots = library.get_slots_with_initialized_token().map_err(|error| refused(&error))?;
        let labelled = |slot: &Slot| {
            library.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == self.at.token.trim_end())
        };
        let mut found = slots.into_iter().filter(labelled);
        match (found.next(), found.next()) {
            (Some(slot), None) => Ok(slot),
            (None, _) => Err(trouble(Trouble::Unreachable(format!("it shows no token labelled `{}`", self.at.token)))),
            (Some(_), Some(_)) => Err(trouble(Trouble::Refused(format!(
                "two tokens are labelled `{}`; give one another label",
                self.at.token
            )))),
        }
    }
}
