//! BatchGetItem: rows of one table by their keys.

use std::collections::HashMap;

use application::ports::StoreError;
use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;
use futures::future::try_join_all;

use crate::aws::DynamoDb;
use crate::item::{Item, unavailable};

/// BatchGetItem takes at most a hundred keys per call.
const MOST_KEYS: usize = 100;

/// A table, and how it is read.
pub(crate) struct Batch<'a> {
    pub client: &'a DynamoDb,
    pub table: &'a str,
    /// The table's name in errors.
    pub label: &'static str,
    pub read: KeysAndAttributesBuilder,
}

impl Batch<'_> {
    /// The rows that exist, in no order.
    pub async fn get(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        Ok(try_join_all(keys.chunks(MOST_KEYS).map(|keys| self.call(keys))).await?.into_iter().flatten().collect())
    }

    /// Asks again for what DynamoDB leaves unprocessed: a row that is left out would be taken for one that does not exist.
    async fn call(&self, keys: &[Item]) -> Result<Vec<Item>, StoreError> {
        let keys = self.read.clone().set_keys(Some(keys.to_vec())).build().map_err(unavailable(self.label))?;
        let (mut asked, mut rows) = (HashMap::from([(self.table.to_owned(), keys)]), Vec::new());
        while !asked.is_empty() {
            let found = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
            let found = found.map_err(unavailable(self.label))?;
            rows.extend(found.responses.unwrap_or_default().into_values().flatten());
            asked = found.unprocessed_keys.unwrap_or_default();
        }
        Ok(rows)
    }
}
