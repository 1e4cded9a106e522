//! How the identity provider is reached.

use std::future::Future;

use adapters::https::{Answer, Failure, Https};
use http::Uri;

/// The provider's addresses, over https.
pub trait Web: Sync {
    fn get(&self, url: &Uri) -> impl Future<Output = Result<(u16, String), Failure>> + Send;

    /// `authorization`: the header, if it is not empty.
    fn post_form(
        &self,
        url: &Uri,
        fields: &[(&str, &str)],
        authorization: &str,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

impl Web for Https {
    async fn get(&self, url: &Uri) -> Result<(u16, String), Failure> {
        Https::get(self, url).await
    }

    async fn post_form(&self, url: &Uri, fields: &[(&str, &str)], authorization: &str) -> Result<Answer, Failure> {
        Https::post_form(self, url, fields, authorization).await
    }
}
