// A web program with the Locutor job service inside: dotnet run, then open http://localhost:5080
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddLocutor(options =>
{
    options.Model = "sketch";
    options.RequireTokens = false; // on this machine alone; ask for tokens where others can reach the program
    options.DataFolder = builder.Configuration["DataFolder"]; // null: the user's folder of application data
});

var app = builder.Build();
app.MapLocutor("/v1"); // the HTTP API
app.MapLocutorPage(); // the web page, at the addresses that nothing else answers
app.MapGet("/hello", () => "This endpoint is the program's own.");
app.Run();
