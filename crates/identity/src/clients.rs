//! Client systems in the hands of an administrator.

use std::sync::Arc;

use tacebo_vault::policy::Action;
use tacebo_vault::{Asker, Disclosed, RecordKind};

use crate::client::StoredClient;
use crate::secret::{bearer, number};
use crate::shelf::Deed;
use crate::{Client, ClientChange, ClientHanded, Identity, IdentityError, NewClient};

/// How client secrets begin, so that a leaked one is recognised.
const SECRET_PREFIX: &str = "tcs_";

impl Identity {
    /// Registers a client system and hands out its secret, once.
    ///
    /// # Errors
    /// Refused by policy; the id is taken or of a wrong form.
    pub async fn register_client(
        &self,
        asker: &Asker,
        new: &NewClient,
    ) -> Result<Disclosed<ClientHanded>, IdentityError> {
        let client = new.build(number()?, self.0.vault.now_us())?;
        let (secret, print) = bearer(SECRET_PREFIX)?;
        let stored = StoredClient { client: client.clone(), secret: print, open: Vec::new() };
        let deed = Deed::new(asker, Action::Create, "client-registered");
        let done = self.0.add(deed, &client.id, stored).await?;
        Ok(done.map(|_| ClientHanded { client, secret }))
    }

    /// Changes a registration; its tokens end in the same commit.
    ///
    /// # Errors
    /// Refused by policy; no such client.
    pub async fn update_client(
        &self,
        asker: &Asker,
        id: &str,
        change: &ClientChange,
    ) -> Result<Disclosed<Client>, IdentityError> {
        let now_us = self.0.vault.now_us();
        let deed = Deed::new(asker, Action::Update, "client-changed");
        let (done, client) = self
            .0
            .change(deed, id, |stored: &mut StoredClient| {
                let client = &mut stored.client;
                if let Some(name) = &change.name {
                    name.trim().clone_into(&mut client.name);
                }
                if let Some(purposes) = &change.purposes {
                    client.purposes.clone_from(purposes);
                }
                if let Some(grants) = &change.grants {
                    client.grants.clone_from(grants);
                }
                client.state = change.state.unwrap_or(client.state);
                client.changed_us = now_us;
                stored.open.clear();
                Ok(stored.client.clone())
            })
            .await?;
        Ok(done.map(|_| client))
    }

    /// Gives a client a new secret; the old one and all tokens end at once.
    ///
    /// # Errors
    /// Refused by policy; no such client.
    pub async fn rotate_client_secret(
        &self,
        asker: &Asker,
        id: &str,
    ) -> Result<Disclosed<ClientHanded>, IdentityError> {
        let (secret, print) = bearer(SECRET_PREFIX)?;
        let now_us = self.0.vault.now_us();
        let deed = Deed::new(asker, Action::Administer, "client-secret-changed");
        let (done, client) = self
            .0
            .change(deed, id, |stored: &mut StoredClient| {
                stored.secret = print;
                stored.client.changed_us = now_us;
                stored.open.clear();
                Ok(stored.client.clone())
            })
            .await?;
        Ok(done.map(|_| ClientHanded { client, secret }))
    }

    /// All registered clients that the asker may see.
    ///
    /// # Errors
    /// Refused by policy.
    pub async fn clients(&self, asker: &Asker) -> Result<Disclosed<Vec<Client>>, IdentityError> {
        let house = Arc::clone(&self.0);
        let seen = house.vault.disclose_records::<StoredClient>(asker, Action::Read, RecordKind::Client, None).await?;
        Ok(seen.map(|records| {
            let mut clients: Vec<Client> = records.into_iter().map(|record| record.value.client).collect();
            clients.sort_by(|a, b| a.id.cmp(&b.id));
            clients
        }))
    }
}
