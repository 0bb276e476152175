namespace Locutor.Models.Store;

/// <summary>A set of bytes of a file: disjoint ranges [first, end), merged where they touch. Not thread-safe.</summary>
internal sealed class Extents
{
    private readonly SortedList<long, long> ranges = []; // first -> end

    /// <summary>Total length of all ranges in bytes.</summary>
    public long Total { get; private set; }

    /// <summary>End of the range that begins at 0; 0 if there is none.</summary>
    public long Prefix => ranges.Count > 0 && ranges.GetKeyAtIndex(0) == 0 ? ranges.GetValueAtIndex(0) : 0;

    public IEnumerable<(long First, long End)> Ranges => ranges.Select(r => (r.Key, r.Value));

    public void Add(long first, long end)
    {
        if (end <= first) return;
        int i = FirstTouching(first);
        while (i < ranges.Count && ranges.GetKeyAtIndex(i) <= end)
        {
            first = Math.Min(first, ranges.GetKeyAtIndex(i));
            end = Math.Max(end, ranges.GetValueAtIndex(i));
            Total -= ranges.GetValueAtIndex(i) - ranges.GetKeyAtIndex(i);
            ranges.RemoveAt(i);
        }
        ranges.Add(first, end);
        Total += end - first;
    }

    /// <summary>Returns the missing ranges of [0, size), in pieces of at most <paramref name="longest"/> bytes.</summary>
    public IEnumerable<(long First, long End)> Missing(long size, long longest)
    {
        long place = 0;
        foreach (var (first, end) in Ranges.Append((size, size)))
        {
            for (; place < first; place = Math.Min(first, place + longest)) yield return (place, Math.Min(first, place + longest));
            place = Math.Max(place, end);
        }
    }

    private int FirstTouching(long place)
    {
        int low = 0, high = ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ranges.GetValueAtIndex(middle) < place) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
