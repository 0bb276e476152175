namespace Locutor.Generation.Requests;

/// <summary>Thrown when values of a request are invalid. The message names every field, the expected value and the value found.</summary>
public sealed class RequestException : Exception
{
    public RequestException(IReadOnlyDictionary<string, string[]> errors)
        : base(string.Join("; ", errors.SelectMany(error => error.Value.Select(reason => $"{error.Key}: {reason}")))) => Errors = errors;

    public RequestException(string field, string reason) : this(new Dictionary<string, string[]> { [field] = [reason] }) { }

    /// <summary>Reasons by field name; the names are those of the JSON request.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; }
}

/// <summary>Collects all faults of a request, so that the sender is told about all of them at once.</summary>
public sealed class RequestFaults
{
    private readonly Dictionary<string, string[]> errors = new(StringComparer.Ordinal);

    public void Add(string field, string reason) =>
        errors[field] = errors.TryGetValue(field, out string[]? earlier) ? [.. earlier, reason] : [reason];

    public void Add(RequestException exception)
    {
        foreach (var (field, reasons) in exception.Errors)
            foreach (string reason in reasons) Add(field, reason);
    }

    public bool Has(string field) => errors.ContainsKey(field);

    /// <summary>Throws if there is any fault.</summary>
    /// <exception cref="RequestException">At least one fault was added.</exception>
    public void ThrowIfAny()
    {
        if (errors.Count > 0) throw new RequestException(errors);
    }
}
