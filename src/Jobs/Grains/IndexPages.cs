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

    private readonly Dictionary<int, (GrainState<IndexPage> Stored, List<string> Ids)> pages = [];
    private readonly Dictionary<string, int> pageOf = new(StringComparer.Ordinal);
    private readonly HashSet<int> dirty = [];
    private readonly GrainState<IndexHeader> stored = new(new IndexHeader());
    private Task writing = Task.CompletedTask;
    private Task? next;

    private IndexHeader Header => stored.State!;

    /// <summary>The entries by id. The owner of this object calls <see cref="Touch"/> after it changes an entry.</summary>
    public Dictionary<string, IndexEntry> Entries { get; } = new(StringComparer.Ordinal);

    public async Task LoadAsync()
    {
        await storage.ReadStateAsync("index", owner, stored);
        for (int number = Header.FirstPage; number < Header.Pages; number++)
        {
            var page = new GrainState<IndexPage>(new IndexPage());
            await storage.ReadStateAsync("index-page", Name(number), page);
            pages[number] = (page, page.State!.Entries.Select(entry => entry.Id).ToList());
            foreach (var entry in page.State!.Entries)
            {
                Entries[entry.Id] = entry;
                pageOf[entry.Id] = number;
            }
        }
    }

    /// <summary>Adds an entry at the end. <see cref="FlushAsync"/> writes it to disk.</summary>
    public void Append(IndexEntry entry)
    {
        int number = Header.Pages - 1;
        if (number < Header.FirstPage || pages[number].Ids.Count >= PageSize)
        {
            number = Header.Pages++;
            pages[number] = (new GrainState<IndexPage>(new IndexPage()), new List<string>(PageSize));
        }
        pages[number].Ids.Add(entry.Id);
        pageOf[entry.Id] = number;
        Entries[entry.Id] = entry;
        dirty.Add(number);
    }

    public void Touch(IndexEntry entry)
    {
        Entries[entry.Id] = entry;
        dirty.Add(pageOf[entry.Id]);
    }

    public void Remove(string id)
    {
        if (!pageOf.Remove(id, out int number))
            return;
        Entries.Remove(id);
        pages[number].Ids.Remove(id);
        dirty.Add(number);
    }

    /// <summary>Completes when all changes made before the call are on disk.</summary>
    public Task FlushAsync() => dirty.Count == 0 && next is null ? writing : next ??= WriteAfterAsync(writing);

    private async Task WriteAfterAsync(Task earlier)
    {
        // Yield even when no write is under way, so that changes which arrive together share one write.
        await Task.Yield();
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        writing = next!;
        next = null;
        int[] numbers = dirty.ToArray();
        dirty.Clear();
        try
        {
            if (Header.Pages > 0 && numbers.Any(number => pages[number].Stored.ETag is null))
                await storage.WriteStateAsync("index", owner, stored);
            await Task.WhenAll(numbers.Select(WriteAsync));
        }
        catch
        {
            dirty.UnionWith(numbers);
            throw;
        }
    }

    private async Task WriteAsync(int number)
    {
        var (stored, ids) = pages[number];
        stored.State = new IndexPage { Entries = ids.Select(id => Entries[id]).ToArray() };
        await storage.WriteStateAsync("index-page", Name(number), stored);
    }

    private GrainId Name(int number) => GrainId.Create("page", $"{owner.Key}/{number}");
}
