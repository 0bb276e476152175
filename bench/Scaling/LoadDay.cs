namespace Locutor.Scaling.Bench;

/// <summary>One job of the day.</summary>
/// <param name="At">Seconds since midnight at which it arrives.</param>
/// <param name="Seconds">GPU time that it takes.</param>
internal readonly record struct DayJob(double At, double Seconds);

/// <summary>
/// A generated day of load: quiet nights, a busy afternoon, and bursts in which a customer submits many jobs within a minute. Durations are
/// log-normal with a median of three minutes.
/// </summary>
internal static class LoadDay
{
    public const double Length = 86_400;
    private const double JobsPerHour = 45, MedianSeconds = 180, Sigma = 0.6;
    private const int Bursts = 14;

    public static DayJob[] Create(int seed)
    {
        var random = new Random(seed);
        var jobs = new List<DayJob>();
        for (double at = 0; at < Length; at += -Math.Log(1 - random.NextDouble()) * 3600 / JobsPerHour)
        {
            // The load of an hour follows a sine with its maximum at 15:00, and is a tenth of that at 3:00.
            double share = 0.55 + 0.45 * Math.Sin((at / 3600 - 9) * Math.PI / 12);
            if (random.NextDouble() < share)
                jobs.Add(new DayJob(at, Duration(random)));
        }
        for (int burst = 0; burst < Bursts; burst++)
        {
            double from = random.NextDouble() * Length;
            int size = random.Next(15, 80);
            for (int i = 0; i < size; i++)
                jobs.Add(new DayJob(Math.Min(Length - 1, from + random.NextDouble() * 60), Duration(random)));
        }
        return [.. jobs.OrderBy(job => job.At)];
    }

    private static double Duration(Random random)
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return MedianSeconds * Math.Exp(Sigma * normal);
    }
}
