//! The result of a conditional write to DynamoDB.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;

use application::ports::StoreError;

use crate::item::{Item, unavailable};

/// The result of a write without any other error.
pub(crate) enum Conditional<T> {
    /// The condition held, and the row is written.
    Written(T),
    /// The condition did not hold. The current row, if the write asked for it and there is one.
    Refused(Option<Item>),
}

impl<T> Conditional<T> {
    pub fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

/// Separates a failed condition from every other error of a write to `table`.
pub(crate) fn conditional<T, E: ConditionFailed>(
    table: &'static str,
    result: Result<T, SdkError<E>>,
) -> Result<Conditional<T>, StoreError> {
    match result {
        Ok(written) => Ok(Conditional::Written(written)),
        Err(error) => match error.as_service_error().and_then(E::condition_failed) {
            Some(failed) => Ok(Conditional::Refused(failed.item.clone())),
            None => Err(unavailable(table)(error)),
        },
    }
}

/// The SDK's errors that can report a failed condition.
pub(crate) trait ConditionFailed: std::error::Error + 'static {
    fn condition_failed(&self) -> Option<&ConditionalCheckFailedException>;
}

impl ConditionFailed for PutItemError {
    fn condition_failed(&self) -> Option<&ConditionalCheckFailedException> {
        if let Self::ConditionalCheckFailedException(failed) = self { Some(failed) } else { None }
    }
}

impl ConditionFailed for UpdateItemError {
    fn condition_failed(&self) -> Option<&ConditionalCheckFailedException> {
        if let Self::ConditionalCheckFailedException(failed) = self { Some(failed) } else { None }
    }
}
