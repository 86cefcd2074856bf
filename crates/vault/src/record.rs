//! One house record, disclosed: decided and logged like a document.

use serde::de::DeserializeOwned;
use tacebo_policy::Action;

use crate::disclosed::Refused;
use crate::document::DocRef;
use crate::entry::{Class, Draft, Outcome};
use crate::look::Look;
use crate::records::{Record, RecordKind};

impl Look<'_> {
    /// The record with this id.
    ///
    /// # Errors
    /// [`Refused`], recorded when the ask ends; in the same words where there is none.
    pub fn record<T: DeserializeOwned>(
        &mut self,
        action: Action,
        kind: RecordKind,
        id: &str,
    ) -> Result<Record<T>, Refused> {
        let (inner, asker, name) = (self.inner, self.asker, DocRef::new(kind.as_str(), id));
        let found = self.there(action, &name)?;
        let (decision, concerned) = inner.decide_record(asker, action, kind.as_str(), &found.record)?;
        let leave = match decision {
            Ok(leave) => leave,
            Err(refusal) => return Err(self.refused(action, &name, &refusal, &concerned)),
        };
        let record: Record<T> = inner.open_record(&found)?;
        let draft = Draft::new(asker, action, Outcome::Done, Class::Disclosure);
        let item = [(kind.as_str(), id, record.version)];
        let drafts = concerned.drafts(&draft).map(|draft| draft.items(item.into_iter()).by(&leave)).collect();
        self.showed(drafts, [leave]);
        Ok(record)
    }
}
