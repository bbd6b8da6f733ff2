module github.com/diskdock/diskdock/clients/go

go 1.21
