//! One command to try something on the local stack: it implements `make push`, `make text`, `make inbox`, `make outbox`
//! and `make evening`.

use anyhow::{Context, Result, bail};
use domain::Phone;
use domain::text::sms::Sms;
use serde_json::json;
use system_tests::{Citizen, OneStopSoftware, Stack, half_past_five, one_stop_software, today};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let stack = Stack::connect().await?;
    match arguments[..] {
        ["push", step, phone] => push(&stack, step, phone).await,
        ["text", text] => text_8083(&stack, text).await,
        ["inbox", phone] => inbox(&stack, phone).await,
        ["outbox", code] => outbox(&stack, code).await,
        ["evening"] => evening(&stack).await,
        _ => bail!("usage: try push STEP PHONE | text TEXT | inbox PHONE | outbox CODE | evening"),
    }
}

async fn push(stack: &Stack, step: &str, phone: &str) -> Result<()> {
    let snapshot = one_stop_software::dossier(json!({"step": step, "phone": phone, "unit": "Bộ phận Một cửa"}));
    println!("POST {}/dossiers\n{snapshot}", stack.api());
    let answer = OneStopSoftware::of(stack).await?.push(&snapshot).await?;
    println!("{} {}", answer.status, answer.body);
    Ok(())
}

async fn text_8083(stack: &Stack, text: &str) -> Result<()> {
    let reply = Citizen::of(stack).await?.texts(text).await?;
    println!("{} ({} parts)", reply.text, Sms::new(&reply.text).parts);
    Ok(())
}

async fn inbox(stack: &Stack, phone: &str) -> Result<()> {
    let phone = Phone::parse(phone).map_err(|error| anyhow::anyhow!("{phone} {error}"))?;
    for text in stack.inbox(phone.as_e164()).await? {
        println!("{text} ({} parts)", Sms::new(&text).parts);
    }
    Ok(())
}

async fn outbox(stack: &Stack, code: &str) -> Result<()> {
    let code = domain::ReceiptCode::parse(code).with_context(|| format!("{code} is no receipt code"))?;
    for (notice, row) in stack.outbox(code.as_str()).await? {
        println!("{notice}\n{}", serde_json::to_string_pretty(&row)?);
    }
    Ok(())
}

async fn evening(stack: &Stack) -> Result<()> {
    stack.evening(half_past_five(today())).await?;
    println!("done: every dossier due tomorrow without a result has its apology");
    Ok(())
}
