using System.Globalization;
using Locutor.Scaling.Bench;

// dotnet run -c Release --project bench/Scaling -- day            the table of docs/notes/scale.md
// dotnet run -c Release --project bench/Scaling -- queue [JOBS] [WORKERS] [TOKENS]
// dotnet run -c Release --project bench/Scaling -- cold PROGRAM MODEL DEVICE PICTURE VOICE
if (args is ["cold", var program, var model, var device, var picture, var voice])
{
    using var start = new ColdStart(program, model, device, picture, voice);
    await start.RunAsync();
    return;
}
if (args is ["queue", .. var numbers])
{
    int Number(int at, int usual) => numbers.Length > at ? int.Parse(numbers[at], CultureInfo.InvariantCulture) : usual;
    await QueueBench.RunAsync(Number(0, 5_000), Number(1, 50), Number(2, 10));
    return;
}
const int Seed = 20261, MostWorkers = 50;
const double ColdStart = 180;
var day = LoadDay.Create(Seed);
Console.WriteLine($"{day.Length} jobs, {day.Sum(job => job.Seconds) / 3600:F1} h of GPU time, seed {Seed}");
Console.WriteLine("| jobs per worker | window | cooldown | GPU hours | busy | median wait | 95 % | longest | starts | most workers |");
Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
foreach (double target in new[] { 1.0, 2, 3, 4 })
{
    foreach (var (window, cooldown) in new[] { (60.0, 300.0), (300, 300), (300, 600), (300, 1800), (900, 900) })
    {
        var outcome = new ScalerSimulation(new ScalingRule(target, window, cooldown), ColdStart, MostWorkers).Run(day);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {target} | {window} s | {cooldown} s | {outcome.GpuHours:F1} | {100 * outcome.BusyShare:F0} % | " +
            $"{outcome.MedianWait:F0} s | {outcome.Wait95:F0} s | {outcome.LongestWait:F0} s | {outcome.Starts} | {outcome.Most} |"));
    }
}
