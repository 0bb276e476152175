using Orleans.Storage;

namespace Locutor.Jobs.Grains;

/// <summary>A page of an index: the unit that is stored.</summary>
public sealed class IndexPage
{
    public IndexEntry[] Entries { get; set; } = [];
}

/// <summary>The list of pages of an index.</summary>
public sealed class IndexHeader
{
    public int FirstPage { get; set; }
    public int Pages { get; set; }
}

/// <summary>
/// An index on disk. It has pages of <see cref="PageSize"/> entries, so that a change writes a few kilobytes even in a long index.
/// Changes that arrive during a write are combined into the next write.
/// </summary>
internal sealed class IndexPages(IGrainStorage storage, GrainId owner)
{
    private const int PageSize = 64;

    private readonly Dictionary<int, (GrainState<IndexPage> Stored, List<string> Ids)> _pages = [];
    private readonly Dictionary<string, int> _pageOf = new(StringComparer.Ordinal);
    private readonly HashSet<int> _dirty = [];
    private readonly GrainState<IndexHeader> _stored = new(new IndexHeader());
    private Task _writing = Task.CompletedTask;
    private Task? _next;

    private IndexHeader Header => _stored.State!;

    /// <summary>The entries by id. The owner of this object calls <see cref="Touch"/> after it changes an entry.</summary>
    public Dictionary<string, IndexEntry> Entries { get; } = new(StringComparer.Ordinal);

    public async Task LoadAsync()
    {
        await storage.ReadStateAsync("index", owner, _stored);
        for (var number = Header.FirstPage; number < Header.Pages; number++)
        {
            var page = new GrainState<IndexPage>(new IndexPage());
            await storage.ReadStateAsync("index-page", Name(number), page);
            _pages[number] = (page, page.State!.Entries.Select(entry => entry.Id).ToList());
            foreach (var entry in page.State!.Entries)
            {
                Entries[entry.Id] = entry;
                _pageOf[entry.Id] = number;
            }
        }
    }

    /// <summary>Adds an entry at the end. <see cref="FlushAsync"/> writes it to disk.</summary>
    public void Append(IndexEntry entry)
    {
        var number = Header.Pages - 1;
        if (number < Header.FirstPage || _pages[number].Ids.Count >= PageSize)
        {
            number = Header.Pages++;
            _pages[number] = (new GrainState<IndexPage>(new IndexPage()), new List<string>(PageSize));
        }
        _pages[number].Ids.Add(entry.Id);
        _pageOf[entry.Id] = number;
        Entries[entry.Id] = entry;
        _dirty.Add(number);
    }

    public void Touch(IndexEntry entry)
    {
        Entries[entry.Id] = entry;
        _dirty.Add(_pageOf[entry.Id]);
    }

    public void Remove(string id)
    {
        if (!_pageOf.Remove(id, out var number))
            return;
        Entries.Remove(id);
        _pages[number].Ids.Remove(id);
        _dirty.Add(number);
    }

    /// <summary>Completes when all changes made before the call are on disk.</summary>
    public Task FlushAsync() => _dirty.Count == 0 && _next is null ? _writing : _next ??= WriteAfterAsync(_writing);

    private async Task WriteAfterAsync(Task earlier)
    {
        // Yield even when no write is under way, so that changes which arrive together share one write.
        await Task.Yield();
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _writing = _next!;
        _next = null;
        var numbers = _dirty.ToArray();
        _dirty.Clear();
        try
        {
            if (Header.Pages > 0 && numbers.Any(number => _pages[number].Stored.ETag is null))
                await storage.WriteStateAsync("index", owner, _stored);
            await Task.WhenAll(numbers.Select(WriteAsync));
        }
        catch
        {
            _dirty.UnionWith(numbers);
            throw;
        }
    }

    private async Task WriteAsync(int number)
    {
        var (stored, ids) = _pages[number];
        stored.State = new IndexPage { Entries = ids.Select(id => Entries[id]).ToArray() };
        await storage.WriteStateAsync("index-page", Name(number), stored);
    }

    private GrainId Name(int number) => GrainId.Create("page", $"{owner.Key}/{number}");
}
