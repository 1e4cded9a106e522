using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

/// <summary>
/// Pushes dossiers to the province's SMS service, as one-stop software does whenever something changed, and asks what was sent.
/// <code>
/// set ONESTOP_URL=https://….amazonaws.com/v1    the stack's output ApiUrl
/// set ONESTOP_SECRET=whsec_…                    IntakeSecret, member `current`. Not an argument: the task list shows those
/// Push.exe &lt; dossiers.tsv                       one dossier a line, nine fields, a tab between
/// Push.exe 0161701234                           what was sent about that dossier
/// </code>
/// Take <see cref="Send"/> and <see cref="Ask"/> with what they call into your software; Main stands for your own query. C# 6,
/// .NET 5 and later, .NET Framework 4.7 and later, or Mono: mcs -r:System.Net.Http -r:System.Runtime.Serialization Push.cs
///
/// Ends with 0 when everything was taken, 1 when a dossier is invalid (the rest was taken), 2 when nothing was taken and
/// somebody must correct something, 3 when the service could not be reached: keep the dossiers and send them again later.
/// </summary>
public static class Push
{
    const int DossiersACall = 100;

    /// <summary>Seconds between the tries of one call.</summary>
    static readonly int[] Pauses = { 1, 2, 4, 8 };

    /// <summary>`whsec_` and base64.</summary>
    const string Key = @"^(whsec_)?([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

    static readonly HttpClient Http = new HttpClient
    {
        Timeout = TimeSpan.FromSeconds(double.Parse(Setting("ONESTOP_TIMEOUT", "20"))),
    };

    /// <summary>A dossier as the contract wants it.</summary>
    [DataContract]
    public class Dossier
    {
        [DataMember(Name = "receipt_code")] public string ReceiptCode;
        /// <summary>Raise it with every change of the dossier.</summary>
        [DataMember(Name = "revision")] public long Revision;
        [DataMember(Name = "procedure")] public string Procedure;
        /// <summary>null where the citizen left none.</summary>
        [DataMember(Name = "phone")] public string Phone;
        /// <summary>yyyy-MM-dd, as every date.</summary>
        [DataMember(Name = "received_on")] public string ReceivedOn;
        [DataMember(Name = "appointment_on")] public string AppointmentOn;
        [DataMember(Name = "step")] public string Step;
        [DataMember(Name = "status")] public string Status;
        [DataMember(Name = "unit")] public string Unit;

        // These four may be left out.
        [DataMember(Name = "office", EmitDefaultValue = false)] public string Office;
        [DataMember(Name = "same_day", EmitDefaultValue = false)] public bool? SameDay;
        [DataMember(Name = "result_on", EmitDefaultValue = false)] public string ResultOn;
        [DataMember(Name = "silent", EmitDefaultValue = false)] public bool Silent;
    }

    [DataContract]
    public class Answer
    {
        [DataMember(Name = "dossiers")] public List<Outcome> Dossiers;
    }

    /// <summary>What became of one dossier.</summary>
    [DataContract]
    public class Outcome
    {
        [DataMember(Name = "outcome")] public string Result;
        [DataMember(Name = "field")] public string Field;
        [DataMember(Name = "reason")] public string Reason;
        [DataMember(Name = "warning")] public string Warning;

        public bool IsInvalid => Result == "invalid";

        /// <summary>What staff read about it.</summary>
        public string Told()
        {
            if (Result == "stale") return "bỏ qua, hệ thống đã có bản mới hơn";
            var toDo = Field == "revision" ? "Tăng revision" : $"Sửa {Field}";
            if (IsInvalid) return $"KHÔNG NHẬN: {Field} {Reason}. {toDo} rồi gửi lại";
            return Warning == null ? "đã lưu" : $"đã lưu; lưu ý: {Warning}";
        }
    }

    /// <summary>What was sent about a dossier, as far as this program shows it.</summary>
    [DataContract]
    public class History
    {
        [DataMember(Name = "receipt_code")] public string ReceiptCode;
        [DataMember(Name = "notices")] public List<Notice> Notices;
        /// <summary>Why the last change required no notice; null if it required one.</summary>
        [DataMember(Name = "nothing")] public Notice Nothing;

        /// <summary>What staff read about it.</summary>
        public IEnumerable<string> Told()
        {
            var lines = Notices.Select(notice => $"{ReceiptCode}, {notice.Name}, {notice.EnqueuedAt}: {notice.Sentence}").ToList();
            if (Nothing != null) lines.Add($"{ReceiptCode}, thay đổi mới nhất: {Nothing.Sentence}");
            return lines.DefaultIfEmpty($"{ReceiptCode}: chưa có tin nhắn");
        }
    }

    [DataContract]
    public class Notice
    {
        [DataMember(Name = "notice")] public string Name;
        [DataMember(Name = "enqueued_at")] public string EnqueuedAt;
        [DataMember(Name = "sentence")] public string Sentence;
    }

    /// <summary>A whole call was not taken.</summary>
    public class NotTaken : Exception
    {
        /// <summary>What the program ends with.</summary>
        public readonly int Code;

        public NotTaken(int code, string what) : base(what)
        {
            Code = code;
        }
    }

    /// <summary>Pushes up to 100 dossiers and returns an outcome for each, in their order.</summary>
    public static async Task<List<Outcome>> Send(string url, string secret, List<Dossier> dossiers)
    {
        var response = await Call(url, secret, "/dossiers", Write(dossiers));
        var status = response.Item1;
        CheckTheCaller(status);
        if (MayHelpToTryAgain(status))
            throw new NotTaken(3, $"chưa gửi được ({Reason(status)}). Giữ các hồ sơ này lại và gửi lại sau; gửi trùng không sao cả");
        var outcomes = status == 200 ? Read<Answer>(response.Item2)?.Dossiers : null;
        if (outcomes == null || outcomes.Count != dossiers.Count)
            throw new NotTaken(2, $"{status}: {Encoding.UTF8.GetString(response.Item2)}");
        return outcomes;
    }

    /// <summary>What was sent about a dossier.</summary>
    public static async Task<History> Ask(string url, string secret, string receiptCode)
    {
        var response = await Call(url, secret, $"/dossiers/{Uri.EscapeDataString(receiptCode)}/notices", new byte[0]);
        var status = response.Item1;
        CheckTheCaller(status);
        if (status == 404)
            throw new NotTaken(2, "404: hệ thống không có hồ sơ này. Kiểm tra mã số biên nhận");
        if (MayHelpToTryAgain(status))
            throw new NotTaken(3, $"chưa hỏi được ({Reason(status)}). Hỏi lại sau");
        var history = status == 200 ? Read<History>(response.Item2) : null;
        if (history?.Notices == null)
            throw new NotTaken(2, $"{status}: {Encoding.UTF8.GetString(response.Item2)}");
        return history;
    }

    static void CheckTheCaller(int status)
    {
        if (status == 401)
            throw new NotTaken(2, "401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)");
        if (status == 403)
            throw new NotTaken(2, "403: máy này không được phép gọi. Kiểm tra ONESTOP_URL và danh sách địa chỉ IP được phép");
    }

    /// <summary>One call. Each try has the same webhook-id, and a timestamp and signature of its own.</summary>
    static async Task<Tuple<int, byte[]>> Call(string url, string secret, string path, byte[] body)
    {
        var id = "msg_" + Guid.NewGuid().ToString("N");
        foreach (var pause in Pauses)
        {
            var response = await TryOnce(url + path, secret, id, body);
            if (!MayHelpToTryAgain(response.Item1)) return response;
            Console.Error.WriteLine($"… chưa gửi được ({Reason(response.Item1)}), thử lại sau {pause} giây");
            await Task.Delay(TimeSpan.FromSeconds(pause));
        }
        return await TryOnce(url + path, secret, id, body);
    }

    /// <summary>HTTP status and answer; status 0 where none came.</summary>
    static async Task<Tuple<int, byte[]>> TryOnce(string url, string secret, string id, byte[] body)
    {
        var timestamp = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString();
        var request = new HttpRequestMessage(body.Length == 0 ? HttpMethod.Get : HttpMethod.Post, url);
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("content-type", "application/json; charset=utf-8");
        }
        request.Headers.ExpectContinue = false;
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp);
        request.Headers.TryAddWithoutValidation("webhook-signature", Sign(secret, id, timestamp, body));
        try
        {
            using (var response = await Http.SendAsync(request))
                return Tuple.Create((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync());
        }
        catch (Exception error) when (error is HttpRequestException || error is OperationCanceledException || error is IOException)
        {
            return Tuple.Create(0, new byte[0]);
        }
    }

    /// <summary>Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, of the very bytes that are sent.</summary>
    public static string Sign(string secret, string id, string timestamp, byte[] body)
    {
        var key = Convert.FromBase64String(secret.StartsWith("whsec_", StringComparison.Ordinal) ? secret.Substring(6) : secret);
        using (var hmac = new HMACSHA256(key))
            return "v1," + Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes($"{id}.{timestamp}.").Concat(body).ToArray()));
    }

    static bool MayHelpToTryAgain(int status) => status == 0 || status == 429 || status >= 500;

    static string Reason(int status) => status == 0 ? "không có trả lời" : status.ToString();

    static byte[] Write(List<Dossier> dossiers)
    {
        using (var body = new MemoryStream())
        {
            new DataContractJsonSerializer(typeof(List<Dossier>)).WriteObject(body, dossiers);
            return body.ToArray();
        }
    }

    static T Read<T>(byte[] answer) where T : class
    {
        try
        {
            return (T)new DataContractJsonSerializer(typeof(T)).ReadObject(new MemoryStream(answer));
        }
        catch (SerializationException)
        {
            return null;
        }
    }

    static Dossier Snapshot(string line)
    {
        var field = line.Split('\t');
        return new Dossier
        {
            ReceiptCode = field[0], Revision = long.Parse(field[1]), Procedure = field[2],
            Phone = field[3] == "" ? null : field[3], ReceivedOn = field[4], AppointmentOn = field[5],
            Step = field[6], Status = field[7], Unit = field[8],
        };
    }

    static string Setting(string name, string otherwise)
    {
        var value = Environment.GetEnvironmentVariable(name);
        return string.IsNullOrEmpty(value) ? otherwise : value;
    }

    static async Task<int> Run(string[] arguments)
    {
        var url = Setting("ONESTOP_URL", "").TrimEnd('/');
        var secret = Setting("ONESTOP_SECRET", "");
        if (!Regex.IsMatch(url, @"^https?://\S+$") || !Regex.IsMatch(secret, Key))
            throw new NotTaken(2, "ONESTOP_URL phải là địa chỉ https://…, ONESTOP_SECRET phải là khóa whsec_… đầy đủ");
        if (arguments.Length > 0)
        {
            foreach (var line in (await Ask(url, secret, arguments[0])).Told()) Console.WriteLine(line);
            return 0;
        }
        var lines = new List<string>();
        using (var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8))
            for (var line = input.ReadLine(); line != null; line = input.ReadLine())
                if (line != "") lines.Add(line);
        var wrong = lines.FindIndex(line => !Regex.IsMatch(line, @"^[^\t]*\t[0-9]{1,16}(\t[^\t]*){7}$"));
        if (wrong >= 0)
            throw new NotTaken(2, $"dòng {wrong + 1}: cần 9 ô cách nhau bằng dấu tab, ô thứ hai (revision) là số nguyên");

        var invalid = false;
        for (var start = 0; start < lines.Count; start += DossiersACall)
        {
            var dossiers = lines.Skip(start).Take(DossiersACall).Select(Snapshot).ToList();
            var outcomes = await Send(url, secret, dossiers);
            for (var at = 0; at < dossiers.Count; at++)
            {
                Console.WriteLine($"{dossiers[at].ReceiptCode}, bản {dossiers[at].Revision}: {outcomes[at].Told()}");
                invalid = invalid || outcomes[at].IsInvalid;
            }
        }
        return invalid ? 1 : 0;
    }

    static StreamWriter Utf8(Stream stream) => new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true };

    public static int Main(string[] arguments)
    {
        Console.SetOut(Utf8(Console.OpenStandardOutput()));
        Console.SetError(Utf8(Console.OpenStandardError()));
        try
        {
            return Run(arguments).GetAwaiter().GetResult();
        }
        catch (NotTaken error)
        {
            Console.Error.WriteLine("✗ " + error.Message);
            return error.Code;
        }
    }
}
